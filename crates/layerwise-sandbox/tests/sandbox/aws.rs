//! What answers as AWS, asked without any SDK.

use crate::{
    NATIVE,
    private::{Private, ask},
    traces,
};
use layerwise_sandbox::{Running, UpOptions};
use libtest_mimic::Failed;
use serde_json::{Value, json};

const RECORD: &str = "what is remembered";

pub fn answers_as_aws_while_asked_to() -> Result<(), Failed> {
    let private = Private::new()?;
    assert_eq!(private.up()?.aws, None, "nobody asked for it");
    assert_eq!(private.status()?.aws_pid, None);

    let asked = UpOptions { aws: true, ..UpOptions::default() };
    let up = || private.sandbox.up(&asked, &|_| {});
    let running = up()?;
    let aws = Aws::of(&running)?;
    assert_eq!(up()?, running);
    assert!(running.env().contains(&("AWS_ENDPOINT_URL".to_owned(), format!("http://{}", aws.address))));

    assert_eq!(aws.s3("PUT", "/bucket", "", "")?.0, 200);
    assert_eq!(aws.s3("PUT", "/bucket/record", "If-None-Match: *\r\n", RECORD)?.0, 200);
    assert_eq!(aws.s3("PUT", "/bucket/record", "If-None-Match: *\r\n", "other")?.0, 412);
    aws.ecr("CreateRepository", &json!({ "repositoryName": "app" }))?;
    let token = aws.ecr("GetAuthorizationToken", &json!({}))?;
    assert_eq!(token["authorizationData"][0]["proxyEndpoint"], format!("http://{}", running.registry));

    private.build_lambda("app", NATIVE, &["--push"])?;
    let image = aws.image()?;
    assert_eq!(image["imageTags"], json!(["latest"]));
    assert!(image["imageSizeInBytes"].as_u64().is_some_and(|bytes| bytes > 1_000_000), "{image}");
    let by_digest = format!("{}/app@{}", running.registry, image["imageDigest"].as_str().unwrap_or_default());
    private.docker(&["pull", &by_digest])?;

    // Killed while it wrote, it comes back with what it had, on the same port.
    private.kill(private.status()?.aws_pid)?;
    let journal = private.folder().join("aws.journal");
    fs_err::write(&journal, fs_err::read_to_string(&journal)? + "{\"method\": \"PU")?;
    assert!(private.sandbox.running()?.is_none());
    assert_eq!(private.up()?, running);
    assert_eq!(aws.s3("GET", "/bucket/record", "", "")?, (200, RECORD.to_owned()));
    assert_eq!(aws.image()?["imageDigest"], image["imageDigest"]);

    let ids = json!([{ "imageTag": "latest" }]);
    aws.ecr("BatchDeleteImage", &json!({ "repositoryName": "app", "imageIds": ids }))?;
    assert_eq!(private.registry_status("app", true), 404, "what ECR deletes is gone from the registry");

    let bridge = private.bridge()?;
    let before = traces::of(&private, &bridge)?;
    private.sandbox.down()?;
    assert_eq!(traces::left(&private, &bridge, &before)?, [""; 0]);
    assert_eq!(private.up()?.aws, None);
    let aws = Aws::of(&up()?)?;
    assert_eq!(aws.s3("GET", "/bucket/record", "", "")?.0, 200, "what it holds stays");
    Ok(())
}

struct Aws {
    address: String,
}

impl Aws {
    fn of(running: &Running) -> Result<Self, Failed> {
        let endpoint = &running.aws.as_ref().ok_or("no AWS")?.endpoint;
        Ok(Self { address: endpoint.trim_start_matches("http://").to_owned() })
    }

    /// Status and body.
    fn s3(&self, method: &str, path: &str, headers: &str, body: &str) -> Result<(u16, String), Failed> {
        self.ask(method, path, "s3", headers, body)
    }

    fn ecr(&self, action: &str, body: &Value) -> Result<Value, Failed> {
        let headers = format!(
            "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.{action}\r\nContent-Type: application/x-amz-json-1.1\r\n"
        );
        let (status, answer) = self.ask("POST", "/", "ecr", &headers, &body.to_string())?;
        if status == 200 { Ok(serde_json::from_str(&answer)?) } else { Err(answer.into()) }
    }

    /// The one image that ECR describes.
    fn image(&self) -> Result<Value, Failed> {
        let described = self.ecr("DescribeImages", &json!({ "repositoryName": "app" }))?;
        Ok(described["imageDetails"][0].clone())
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        service: &str,
        headers: &str,
        body: &str,
    ) -> Result<(u16, String), Failed> {
        let scope = format!("Credential=x/20260101/us-east-1/{service}/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.address,
            body.len()
        );
        let answer = ask(&self.address, &request).ok_or("no answer")?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("half an answer")?;
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        Ok((status, body.to_owned()))
    }
}
