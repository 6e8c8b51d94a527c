//! Several people, each with a checkout and a cache of their own, one registry and one store of records: S3.

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};

use libtest_mimic::Failed;

use crate::checkout::{Checkout, names};
use crate::world::World;

const HANDLER: &str = "lambdas/ping/handler.py";
/// Where nobody listens.
const NOBODY: &str = "http://127.0.0.1:1";

pub fn a_team_finds_what_one_of_it_builds(world: &World) -> Result<(), Failed> {
    let test = "a_team_finds_what_one_of_it_builds";
    let one = Checkout::on_aws(world, test)?;
    let bucket = test.replace('_', "-");
    // One of them stands on a base.
    let all = names(["base-receipt-dynamo", "ping", "upload-images"]);
    let first = one.build(&["ping", "upload-images"])?;
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(first.with("built"), all);
    let keys = world.aws()?.keys(&bucket, ".record")?;
    assert_eq!(keys.len(), 3, "{keys:?}");
    let record = world.aws()?.object(&bucket, &keys[0])?;
    assert!(record.contains("\"author\":\""), "who and where: {record}");

    // Another checkout, which knows nothing but the store.
    let other = one.second(test)?;
    one.builds();
    let found = other.build(&["ping", "upload-images"])?;
    assert_eq!(found.with("fresh"), all, "{}", found.stderr);
    assert_eq!(other.builds(), 0);

    // A branch, and back.
    one.append(HANDLER, "# on a branch\n");
    let explained = one.run(&["plan", "ping", "--push", "--registry", one.prefix()])?.ok()?;
    assert!(explained.contains(&format!("handler: {HANDLER}")), "{explained}");
    assert_eq!(one.build(&["ping"])?.with("built"), names(["ping"]));
    assert_eq!(other.build(&["ping"])?.with("fresh"), names(["ping"]), "other is not on that branch");
    other.append(HANDLER, "# on a branch\n");
    one.builds();
    assert_eq!(other.build(&["ping"])?.with("fresh"), names(["ping"]));
    assert_eq!(other.builds(), 0, "a branch of somebody else's is a hit");

    // What is known is asked for nowhere.
    let mut without = other;
    without.env.push(("AWS_ENDPOINT_URL".to_owned(), NOBODY.to_owned()));
    let known = without.build(&["ping", "upload-images"])?;
    assert_eq!(known.with("fresh"), all);
    assert!(!known.stderr.contains("Warning"), "{}", known.stderr);
    Ok(())
}

pub fn a_team_builds_on_without_its_records(world: &World) -> Result<(), Failed> {
    let test = "a_team_builds_on_without_its_records";
    let mut one = Checkout::on_aws(world, test)?;
    one.build(&["ping"])?;
    let bucket = test.replace('_', "-");
    let before = world.aws()?.keys(&bucket, ".record")?;

    one.append(HANDLER, "# while the store is down\n");
    let healthy = one.env.clone();
    one.env.push(("AWS_ENDPOINT_URL".to_owned(), NOBODY.to_owned()));
    let down = one.build(&["ping"])?;
    assert_eq!((down.code, down.with("built")), (0, names(["ping"])), "{}", down.stderr);
    let said = format!("Warning cannot read records in s3://{bucket}/records/");
    assert_eq!(down.stderr.matches(&said).count(), 1, "said once: {}", down.stderr);
    assert!(down.stderr.contains("records nothing"), "{}", down.stderr);
    assert_eq!(world.aws()?.keys(&bucket, ".record")?, before);

    one.env = healthy;
    let back = one.build(&["ping"])?;
    assert_eq!(back.with("built"), names(["ping"]), "it was remembered nowhere");
    assert!(!back.stderr.contains("Warning"), "{}", back.stderr);
    assert_eq!(world.aws()?.keys(&bucket, ".record")?.len(), before.len() + 1);
    assert_eq!(one.second(test)?.build(&["ping"])?.with("fresh"), names(["ping"]));
    Ok(())
}

pub fn a_team_takes_no_records_from_a_pull_request(world: &World) -> Result<(), Failed> {
    let test = "a_team_takes_no_records_from_a_pull_request";
    let mut proposed = Checkout::on_aws(world, test)?;
    let trusted = proposed.env.clone();
    proposed.env.retain(|(name, _)| name != "LAYERWISE_RECORDS_ACCESS");
    proposed.env.push(("GITHUB_EVENT_NAME".to_owned(), "pull_request".to_owned()));
    let bucket = test.replace('_', "-");
    for _ in 0..2 {
        let built = proposed.build(&["ping"])?;
        assert_eq!((built.code, built.with("built")), (0, names(["ping"])), "{}", built.stderr);
        let said = format!("Reading s3://{bucket}/records only: what is built is not recorded");
        assert!(built.stderr.contains(&said), "{}", built.stderr);
        assert_eq!(world.aws()?.keys(&bucket, "")?, [""; 0], "not even a probe");
    }
    // What the team has built is a hit for it.
    let mut team = proposed.second(test)?;
    team.env = trusted;
    team.build(&["ping"])?;
    assert_eq!(proposed.build(&["ping"])?.with("fresh"), names(["ping"]));
    Ok(())
}

pub fn a_team_is_told_what_is_wrong_with_its_records(world: &World) -> Result<(), Failed> {
    let test = "a_team_is_told_what_is_wrong_with_its_records";
    let mut one = Checkout::on_aws(world, test)?;
    one.env.push(("LAYERWISE_RECORDS".to_owned(), "s3://nobody-has-this/records".to_owned()));
    let said = one.run(&["build-lambdas", "ping"])?;
    assert_eq!(said.code, 3);
    assert!(said.stderr.contains("there is no bucket `nobody-has-this`"), "{}", said.stderr);
    assert!(said.stderr.contains("hint: check the name, or create it"), "{}", said.stderr);

    let doctor = one.run(&["doctor"])?;
    assert!(doctor.stdout.contains("there is no bucket `nobody-has-this`"), "{}", doctor.stdout);

    one.env.push(("LAYERWISE_RECORDS".to_owned(), "s3://x/records".to_owned()));
    assert_eq!(one.run(&["plan", "ping"])?.code, 2);

    // No login, and no metadata service that could have one.
    one.env.retain(|(name, _)| !name.starts_with("AWS_ACCESS") && name != "LAYERWISE_RECORDS");
    for (name, value) in [("HOME", one.temporary().as_str()), ("AWS_ACCESS_KEY_ID", "")] {
        one.env.push((name.to_owned(), value.to_owned()));
    }
    let said = one.run(&["build-lambdas", "ping"])?;
    assert_eq!(said.code, 3);
    assert!(said.stderr.contains("no login for AWS is found"), "{}", said.stderr);
    assert!(said.stderr.contains("aws sso login"), "{}", said.stderr);
    Ok(())
}

pub fn a_team_reaches_its_records_through_a_proxy(world: &World) -> Result<(), Failed> {
    let test = "a_team_reaches_its_records_through_a_proxy";
    let mut one = Checkout::on_aws(world, test)?;
    let proxy = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", proxy.local_addr()?);
    let aws = ("AWS_ENDPOINT_URL", "https://records.example.com");
    for (name, value) in
        [aws, ("HTTPS_PROXY", &address), ("https_proxy", &address), ("NO_PROXY", "localhost")]
    {
        one.env.push((name.to_owned(), value.to_owned()));
    }
    // It hangs up each time: what is asked of it is enough. Whoever asks nothing ends it.
    let asked = std::thread::spawn({
        let proxy = proxy.try_clone()?;
        move || -> std::io::Result<Vec<String>> {
            let mut asked = Vec::new();
            loop {
                let mut first = String::new();
                BufReader::new(proxy.accept()?.0).read_line(&mut first)?;
                if first.is_empty() {
                    return Ok(asked);
                }
                asked.push(first);
            }
        }
    });
    let said = one.run(&["plan", "ping", "--offline"])?;
    drop(TcpStream::connect(proxy.local_addr()?)?);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stderr.contains("Warning cannot read records"), "{}", said.stderr);
    let asked = asked.join().map_err(|_| "the proxy panicked")??;
    let connect = format!("CONNECT {}.records.example.com:443 ", test.replace('_', "-"));
    assert!(asked.first().is_some_and(|line| line.starts_with(&connect)), "{asked:?}");
    Ok(())
}
