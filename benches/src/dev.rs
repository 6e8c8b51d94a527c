//! How long it takes from a save to an answer of the new code: in the development loop, by hand with `buildx build` and
//! `docker run` of the same image, and with the SAM CLI where there is one. Every round changes the handler for each of them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise_bench::layout;
use layerwise_bench::size::Size;

use crate::measure::Times;
use crate::place::Repository;
use crate::report;
use crate::sandboxed::Sandboxed;

/// How long anything may take until it answers.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long until it is asked again.
const POLL: Duration = Duration::from_millis(2);
/// What the image by hand is called, and its container.
const BY_HAND: &str = "bench-by-hand";

/// A way from a save to an answer.
struct Way<'a> {
    name: &'static str,
    /// Answers the saved handler's number.
    ask: Box<dyn Fn() -> Result<String> + 'a>,
    /// Takes away what asking has left; not timed.
    after: Box<dyn Fn() -> Result<()> + 'a>,
}

/// Measures `runs` saves of one handler of the smallest repository; `sam` is the SAM CLI's program.
pub fn run(runs: usize, sam: Option<&Utf8Path>) -> Result<()> {
    Sandboxed::with("Saves", |sandboxed| {
        let bench =
            Bench { repository: Repository::to_build(Size::S)?, sandboxed, name: layout::lambda_name(0) };
        let kept = fs::read(bench.handler())?;
        let measured = bench.measure(runs, sam);
        fs::write(bench.handler(), kept)?;
        measured
    })
}

struct Bench<'a> {
    repository: Repository,
    sandboxed: &'a Sandboxed,
    name: String,
}

impl Bench<'_> {
    fn measure(&self, runs: usize, sam: Option<&Utf8Path>) -> Result<()> {
        report::heading(&format!("A handler saved, until the new code answers, {}", self.repository.size));
        // Both images stand on the same base, which is built before.
        let built = self.tool(&["build-lambdas", "--sandbox"])?.stderr_null().read()?;
        self.tool(&["generate"])?.stderr_null().run()?;
        let base = built.lines().find_map(|line| line.strip_prefix("base-core "));
        let base = base.context("the tool does not say where base-core is")?.to_owned();
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let dev = self.tool(&["dev", &self.name, "--sandbox", "--port", &port.to_string()])?;
        let dev = dev.stdout_null().stderr_null().unchecked().start()?;
        let path = format!("/2015-03-31/functions/{}/invocations", self.name);
        let mut ways = vec![
            Way {
                name: "buildx build, docker run",
                ask: Box::new(|| self.by_hand(&base)),
                after: Box::new(|| self.remove()),
            },
            Way { name: "dev", ask: Box::new(|| post(port, &path)), after: Box::new(|| Ok(())) },
        ];
        if let Some(sam) = sam {
            self.tool(&["sam"])?.stderr_null().run()?;
            let ask = || self.with_sam(&base, sam);
            ways.push(Way {
                name: "buildx build, sam local invoke",
                ask: Box::new(ask),
                after: Box::new(|| Ok(())),
            });
        }
        let measured = until(|| post(port, &path)).and_then(|_| self.in_turn(&ways, runs));
        for pid in dev.pids() {
            duct::cmd!("kill", "-INT", pid.to_string()).unchecked().run()?;
        }
        dev.wait()?;
        show(&ways, &measured?);
        Ok(())
    }

    /// As [`crate::measure::in_turn`]: the first round is not counted.
    fn in_turn(&self, ways: &[Way<'_>], runs: usize) -> Result<Vec<Times>> {
        let mut all = vec![Vec::new(); ways.len()];
        for round in 0..=runs {
            for (place, way) in ways.iter().enumerate() {
                let number = (round * ways.len() + place).to_string();
                let begun = Instant::now();
                fs::write(
                    self.handler(),
                    format!("def lambda_handler(event, context):\n    return {number}\n"),
                )?;
                let answer = (way.ask)().with_context(|| way.name)?;
                let took = begun.elapsed();
                (way.after)().with_context(|| way.name)?;
                ensure!(answer == number, "{} answers `{answer}`, not {number}", way.name);
                if round > 0 {
                    all[place].push(took);
                }
            }
        }
        Ok(all.into_iter().map(Times::of).collect())
    }

    fn by_hand(&self, base: &str) -> Result<String> {
        self.build(base, BY_HAND)?;
        let run = ["run", "--detach", "--name", BY_HAND, "--publish", "127.0.0.1::8080", BY_HAND];
        self.docker(&run).stdout_null().run()?;
        let published = self.docker(&["port", BY_HAND, "8080/tcp"]).read()?;
        let port = published.rsplit(':').next().and_then(|port| port.trim().parse().ok());
        let port = port.context("no published port")?;
        until(|| post(port, "/2015-03-31/functions/function/invocations"))
    }

    fn remove(&self) -> Result<()> {
        self.docker(&["rm", "--force", BY_HAND]).stdout_null().run()?;
        Ok(())
    }

    /// SAM runs an image under its local name, and does not build images that others declare.
    fn with_sam(&self, base: &str, sam: &Utf8Path) -> Result<String> {
        self.build(base, &format!("{}:local", self.name))?;
        let id: String = self.name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        let child = duct::cmd!(sam.as_str(), "local", "invoke", "--skip-pull-image", &id);
        let child = child.env("SAM_CLI_TELEMETRY", "0").env("AWS_DEFAULT_REGION", "us-east-1");
        let child = self.sandboxed.with_env(child).dir(&self.repository.root).stderr_null();
        Ok(child.read()?.trim().to_owned())
    }

    fn build(&self, base: &str, tag: &str) -> Result<()> {
        let file = format!("--file=target/images/{}.Dockerfile", self.name);
        let (base, tag) = (format!("--build-arg=BASE_IMAGE={base}"), format!("--tag={tag}"));
        let arguments = [
            "build",
            "--provenance=false",
            "--sbom=false",
            "--platform=linux/amd64",
            &file,
            &base,
            &tag,
            "--load",
            ".",
        ];
        let child = duct::cmd(self.sandboxed.buildx.as_str(), arguments).dir(&self.repository.root);
        self.sandboxed.with_env(child).stderr_null().run()?;
        Ok(())
    }

    fn docker(&self, arguments: &[&str]) -> duct::Expression {
        self.sandboxed.with_env(duct::cmd(self.sandboxed.docker.as_str(), arguments))
    }

    fn tool(&self, arguments: &[&str]) -> Result<duct::Expression> {
        let child = self.repository.child(&self.repository.tool(arguments)?);
        Ok(self.sandboxed.with_env(child.stdin_null()))
    }

    fn handler(&self) -> Utf8PathBuf {
        self.repository.root.join(layout::lambda(0)).join("handler.py")
    }
}

/// What `ask` answers once it does.
fn until(ask: impl Fn() -> Result<String>) -> Result<String> {
    let begun = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) if begun.elapsed() > PATIENCE => return Err(error),
            // A container publishes its port before anybody listens there.
            Err(_) => std::thread::sleep(POLL),
        }
    }
}

/// The answer of a function to an empty event.
fn post(port: u16, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => bail!("no answer: {answer}"),
    }
}

fn show(ways: &[Way<'_>], times: &[Times]) {
    report::line(format!("  {:<34} {:>9} {:>9} {:>7}", "way", "median", "p95", "ratio"));
    let baseline = times.first().map(Times::median).unwrap_or_default();
    for (way, times) in ways.iter().zip(times) {
        let ratio = times.median().as_secs_f64() / baseline.as_secs_f64();
        let (median, p95) = (report::shown(times.median()), report::shown(times.p95()));
        report::line(format!("  {:<34} {median:>9} {p95:>9} {ratio:>6.2}x", way.name));
    }
}
