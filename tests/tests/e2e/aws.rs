//! What answers as AWS in the sandbox, asked without the SDK that is under test.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use layerwise_sandbox::Running;
use libtest_mimic::Failed;
use serde_json::Value;

/// The sandbox's AWS.
pub struct Aws {
    address: String,
    variables: Vec<(String, String)>,
}

impl Aws {
    pub fn of(running: &Running) -> Result<Self, Failed> {
        let endpoint = &running.aws.as_ref().ok_or("no AWS")?.endpoint;
        let address = endpoint.trim_start_matches("http://").to_owned();
        let variables = running.env().into_iter().filter(|(name, _)| name.starts_with("AWS_")).collect();
        Ok(Self { address, variables })
    }

    /// The variables of a program that is to use it.
    pub fn env(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    /// A new bucket for a test; answers its name.
    pub fn bucket(&self, test: &str) -> Result<String, Failed> {
        let name = test.replace('_', "-");
        self.s3("PUT", &format!("/{name}"))?;
        Ok(name)
    }

    /// The keys in the bucket that end in `end`.
    pub fn keys(&self, bucket: &str, end: &str) -> Result<Vec<String>, Failed> {
        let listing = self.s3("GET", &format!("/{bucket}?list-type=2"))?;
        let keys = listing.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        Ok(keys.filter(|key| key.ends_with(end)).map(str::to_owned).collect())
    }

    /// The bytes of an object that holds text.
    pub fn object(&self, bucket: &str, key: &str) -> Result<String, Failed> {
        self.s3("GET", &format!("/{bucket}/{key}"))
    }

    /// What ECR answers.
    pub fn ecr(&self, action: &str, body: &Value) -> Result<Value, Failed> {
        let headers = format!(
            "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.{action}\r\nContent-Type: application/x-amz-json-1.1\r\n"
        );
        Ok(serde_json::from_str(&self.ask("POST", "/", "ecr", &headers, &body.to_string())?)?)
    }

    /// A new function that runs `image`.
    pub fn function(&self, name: &str, image: &str, architecture: &str) -> Result<(), Failed> {
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let role = "Action=CreateRole&Version=2010-05-08&RoleName=sandbox&AssumeRolePolicyDocument=%7B%7D";
        match self.ask("POST", "/", "iam", form, role) {
            Err(error) if !error.message().unwrap_or_default().contains("EntityAlreadyExists") => {
                return Err(error);
            }
            _ => {}
        }
        let body = serde_json::json!({
            "FunctionName": name,
            "PackageType": "Image",
            "Code": { "ImageUri": image },
            "Role": "arn:aws:iam::123456789012:role/sandbox",
            "Architectures": [architecture],
        });
        let json = "Content-Type: application/json\r\n";
        self.ask("POST", "/2015-03-31/functions", "lambda", json, &body.to_string()).map(drop)
    }

    /// The digest of the image that the function runs.
    pub fn runs(&self, function: &str) -> Result<String, Failed> {
        let path = format!("/2015-03-31/functions/{function}");
        let found: Value = serde_json::from_str(&self.ask("GET", &path, "lambda", "", "")?)?;
        let image = found["Code"]["ResolvedImageUri"].as_str().and_then(|image| image.split_once('@'));
        Ok(image.ok_or_else(|| format!("no image in {found}"))?.1.to_owned())
    }

    fn s3(&self, method: &str, path: &str) -> Result<String, Failed> {
        self.ask(method, path, "s3", "", "")
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        service: &str,
        headers: &str,
        body: &str,
    ) -> Result<String, Failed> {
        let scope = format!("Credential=x/20260101/us-east-1/{service}/aws4_request");
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 {scope}, \
             SignedHeaders=host, Signature=0\r\n{headers}\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.contains(" 200 ") || head.contains(" 201 ") => Ok(body.to_owned()),
            _ => Err(answer.into()),
        }
    }
}
