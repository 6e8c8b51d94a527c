//! The sandbox's registry as one of ECR.

use fs_err as fs;
use libtest_mimic::Failed;
use serde_json::json;

use crate::checkout::{Checkout, files, names};
use crate::world::World;

pub fn ecr_gets_the_repositories_that_images_need_and_a_login_of_its_own(
    world: &World,
) -> Result<(), Failed> {
    let test = "ecr_gets_repositories";
    let (mut checkout, aws) = (Checkout::on_aws(world, test)?, world.aws()?);
    // The user has never logged in.
    let config = checkout.docker_config().join("config.json");
    fs::write(&config, "{}\n")?;
    assert_eq!(checkout.run(&["build-lambdas", "ping"])?.code, 3, "nobody pushes without a login");

    checkout.env.push(("LAYERWISE_ECR".to_owned(), world.running.registry.clone()));
    let built = checkout.build(&["ping", "upload-images"])?;
    assert_eq!(built.code, 0, "{}", built.stderr);
    assert_eq!(built.with("built"), names(["base-receipt-dynamo", "ping", "upload-images"]));
    assert!(built.stderr.contains(&format!("Created the repository {test}/ping")), "{}", built.stderr);
    assert_eq!(fs::read_to_string(&config)?, "{}\n", "the user's own configuration is not touched");
    let logins = files(&checkout.root.join("target/layerwise/docker"));
    assert!(logins.is_empty(), "a login is left in {logins:?}");

    let described =
        aws.ecr("DescribeRepositories", &json!({ "repositoryNames": [format!("{test}/ping")] }))?;
    let repository = &described["repositories"][0];
    assert_eq!(repository["imageScanningConfiguration"], json!({ "scanOnPush": true }));
    assert_eq!(repository["imageTagMutability"], "IMMUTABLE_WITH_EXCLUSION");
    let policy = |name: &str| {
        let name = format!("{test}/{name}");
        aws.ecr("GetRepositoryPolicy", &json!({ "repositoryName": name }))
    };
    let text = policy("ping")?["policyText"].as_str().unwrap_or_default().to_owned();
    assert!(text.contains("lambda.amazonaws.com"), "{text}");
    assert!(text.contains("arn:aws:lambda:us-east-1:123456789012:function:*"), "{text}");
    assert!(policy("base-receipt-dynamo").is_err(), "Lambda runs no base image");
    let images = aws.ecr("DescribeImages", &json!({ "repositoryName": format!("{test}/ping") }))?;
    assert_eq!(images["imageDetails"][0]["imageDigest"], built.outcome("ping")["digest"]);

    let said = |arguments: &[&str]| {
        let place = ["--registry", checkout.prefix()];
        checkout.run(&[arguments, &place].concat())?.ok()
    };
    let planned = said(&["registry", "plan"])?;
    assert!(planned.contains(&format!("{test}/create-labels")), "{planned}");
    assert!(!planned.contains(&format!("{test}/ping ")), "it is as it is to be: {planned}");
    aws.ecr("DeleteRepositoryPolicy", &json!({ "repositoryName": format!("{test}/ping") }))?;
    let mutable = json!({ "repositoryName": format!("{test}/ping"), "imageTagMutability": "MUTABLE" });
    aws.ecr("PutImageTagMutability", &mutable)?;
    let applied = said(&["registry", "apply"])?;
    for difference in ["let no tag move but stable*, latest*, cache*", "let Lambda pull its images"] {
        let is_said = |line: &str| line.starts_with(&format!("{test}/ping ")) && line.ends_with(difference);
        assert!(applied.lines().any(is_said), "{applied}");
    }
    assert_eq!(said(&["registry", "apply"])?, "", "done once is done");

    let outputs = said(&["outputs", "ping", "--format", "env"])?;
    let digest = built.outcome("ping")["digest"].as_str().unwrap_or_default();
    assert_eq!(outputs, format!("PING_IMAGE={}/ping@{digest}\n", checkout.prefix()));
    let stale = checkout.run(&["outputs", "--registry", checkout.prefix()])?;
    assert_eq!((stale.code, stale.stdout.as_str()), (1, ""), "{}", stale.stderr);

    let findings = checkout.run(&["doctor", "--registry", checkout.prefix()])?.stdout;
    let is_ok = |topic: &str| findings.lines().any(|line| line.starts_with(&format!("ok      {topic} ")));
    for topic in ["login", "registry", "repositories", "records"] {
        assert!(is_ok(topic), "{topic}: {findings}");
    }

    let again = checkout.build(&["ping", "upload-images"])?;
    assert_eq!(again.with("fresh").len(), 3, "{}", again.stderr);
    Ok(())
}

pub fn functions_run_what_is_deployed_and_go_back(world: &World) -> Result<(), Failed> {
    let test = "functions_go_back";
    let (registry, aws) = (world.running.registry.clone(), world.aws()?);
    let mut checkout = Checkout::on_aws(world, test)?.pushing_to(&registry);
    // The sandbox's Lambda finds images by the last part of their repository's name.
    let repository = format!("{test}-{{name}}");
    let settings = [("ECR", registry.as_str()), ("REPOSITORY", &repository), ("FUNCTION", "{name}-deployed")];
    for (name, value) in settings {
        checkout.env.push((format!("LAYERWISE_{name}"), value.to_owned()));
    }
    let run = |arguments: &[&str]| checkout.run(&[arguments, &["--registry", &registry]].concat());
    let push = || -> Result<String, Failed> {
        let built = checkout.build(&["ping"])?;
        assert_eq!(built.with("built"), names(["ping"]), "{}", built.stderr);
        Ok(built.outcome("ping")["digest"].as_str().unwrap_or_default().to_owned())
    };
    let first = push()?;
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    aws.function("ping-deployed", &format!("{registry}/{test}-ping@{first}"), machine)?;
    let deployed = run(&["deploy", "ping"])?;
    assert_eq!(deployed.code, 0, "{}", deployed.stderr);
    assert!(deployed.stderr.contains("Current ping-deployed"), "{}", deployed.stderr);

    checkout.append("lambdas/ping/handler.py", "# the next one\n");
    let stale = run(&["deploy", "ping"])?;
    assert_eq!(
        (stale.code, stale.stdout.as_str()),
        (1, ""),
        "what is not built is not deployed: {}",
        stale.stderr
    );
    let second = push()?;
    assert_ne!(first, second);
    let planned = run(&["deploy", "ping", "--dry-run"])?;
    assert_eq!((planned.code, aws.runs("ping-deployed")?), (0, first.clone()), "{}", planned.stderr);
    let deployed = run(&["deploy", "ping"])?;
    assert_eq!((deployed.code, aws.runs("ping-deployed")?), (0, second.clone()), "{}", deployed.stderr);
    assert_eq!(deployed.stdout, format!("ping-deployed {registry}/{test}-ping@{second} 1\n"));
    checkout.append("lambdas/ping/handler.py", "# and one more\n");
    let third = push()?;
    run(&["deploy", "ping"])?.ok()?;
    assert_eq!(aws.runs("ping-deployed")?, third);

    let back = run(&["rollback", "ping"])?;
    assert_eq!((back.code, aws.runs("ping-deployed")?), (0, second), "{}", back.stderr);
    let nobody = run(&["deploy", "ping", "--function", "nobody"])?;
    assert_eq!(nobody.code, 1);
    assert!(nobody.stderr.contains("cannot update the function nobody: there is none"), "{}", nobody.stderr);
    Ok(())
}
