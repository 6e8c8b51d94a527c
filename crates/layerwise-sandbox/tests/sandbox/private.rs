//! A sandbox of a test's own, and what a test does with it. Deleted at the test's end, however that comes.

use camino::{Utf8Path, Utf8PathBuf};
use layerwise_sandbox::{Running, Sandbox, SandboxError, Status, UpOptions};
use libtest_mimic::Failed;
use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

const HANDLER: &str =
    "import sys\n\ndef handle(event, context):\n    return {'prefix': sys.prefix, 'event': event}\n";
const DOCKERFILE: &str = "FROM public.ecr.aws/lambda/python:3.13\nRUN find /var/lang -name awslambdaric | grep -q site-packages \
                          && pip --version && cp /bin/sh /tmp/sh\nCOPY handler.py ./\nCMD [\"handler.handle\"]\n";

pub struct Private {
    pub sandbox: Sandbox,
    folder: Utf8PathBuf,
    /// Two folders, so that the sandbox can delete its own.
    temporary: tempfile::TempDir,
}

impl Private {
    pub fn new() -> Result<Self, Failed> {
        let temporary = tempfile::Builder::new().prefix("sandbox").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let folder = Utf8Path::from_path(temporary.path()).ok_or("not UTF-8")?.join("s");
        Ok(Self { sandbox: Sandbox::at(folder.clone()), folder, temporary })
    }

    pub fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    pub fn up(&self) -> Result<Running, SandboxError> {
        self.sandbox.up(&UpOptions::default(), &|_| {})
    }

    pub fn status(&self) -> Result<Status, SandboxError> {
        self.sandbox.status()
    }

    /// The name of the sandbox's bridge, as its engine was told.
    pub fn bridge(&self) -> Result<String, Failed> {
        let settings: serde_json::Value =
            serde_json::from_str(&fs_err::read_to_string(self.folder.join("daemon.json"))?)?;
        Ok(settings["bridge"].as_str().ok_or("no bridge")?.to_owned())
    }

    /// Runs `docker`, and gives what it says.
    pub fn docker(&self, arguments: &[&str]) -> Result<String, Failed> {
        let running = self.sandbox.running()?.ok_or("the sandbox is not up")?;
        self.run(&running, running.bin.join("docker"), arguments)
    }

    fn run(&self, running: &Running, program: Utf8PathBuf, arguments: &[&str]) -> Result<String, Failed> {
        let mut command = duct::cmd(program.as_std_path(), arguments).dir(self.temporary.path());
        for (name, value) in running.env() {
            command = command.env(name, value);
        }
        let output = command.stdout_capture().stderr_capture().unchecked().run()?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !output.status.success() {
            return Err(format!("{program} {}:\n{}", arguments.join(" "), said(&output.stderr)).into());
        }
        Ok(said(&output.stdout))
    }

    /// Builds a Lambda under that name, in the store and (with `--push`) in the registry.
    pub fn build_lambda(&self, name: &str, platform: &str, options: &[&str]) -> Result<(), Failed> {
        let running = self.sandbox.running()?.ok_or("the sandbox is not up")?;
        let context = self.temporary.path().join("context");
        fs_err::create_dir_all(&context)?;
        fs_err::write(context.join("handler.py"), HANDLER)?;
        fs_err::write(context.join("Dockerfile"), DOCKERFILE)?;
        let pushed = format!("{}/{name}", running.registry);
        let arguments = ["build", "--provenance=false", "--platform", platform, "--tag", &pushed, "context"];
        self.run(&running, running.buildx.clone(), &[&arguments, options].concat())?;
        self.docker(&["tag", &pushed, name]).map(drop)
    }

    /// Runs the image and gives the Lambda's answer to one event.
    pub fn invoke(&self, image: &str, platform: &str) -> Result<String, Failed> {
        let container =
            self.docker(&["run", "--detach", "--publish=127.0.0.1::8080", "--platform", platform, image])?;
        let answer = self.answer_of(container.trim());
        self.docker(&["rm", "--force", container.trim()])?;
        answer
    }

    /// A running Lambda's answer to one event.
    pub fn answer_of(&self, container: &str) -> Result<String, Failed> {
        let address = self.docker(&["port", container, "8080/tcp"])?;
        let mut answer = None;
        wait_for(|| {
            answer = post(address.trim(), "/2015-03-31/functions/function/invocations", "[1]");
            answer.is_some()
        });
        answer.ok_or_else(|| "the Lambda does not answer".into())
    }

    /// What the image says that it runs on.
    pub fn machine(&self, image: &str, platform: &str) -> Result<String, Failed> {
        self.docker(&["run", "--rm", "--platform", platform, "--entrypoint=uname", image, "-m"])
    }

    /// The registry's answer to the question for an image's manifest, as an HTTP status.
    pub fn registry_status(&self, name: &str, with_password: bool) -> u16 {
        let running = self.sandbox.running().unwrap().unwrap();
        let login: serde_json::Value =
            serde_json::from_slice(&fs_err::read(running.docker_config.join("config.json")).unwrap())
                .unwrap();
        let auth = login["auths"][&running.registry]["auth"].as_str().unwrap();
        let header = if with_password { format!("Authorization: Basic {auth}\r\n") } else { String::new() };
        let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json\r\n";
        let request = format!("HEAD /v2/{name}/manifests/latest HTTP/1.0\r\n{accept}{header}\r\n");
        let answer = ask(&running.registry.replace("localhost", "127.0.0.1"), &request).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Kills a process of the sandbox, and waits until it is gone.
    pub fn kill(&self, pid: Option<i32>) -> Result<(), Failed> {
        let pid = pid.ok_or("it does not run")?;
        let process = rustix::process::Pid::from_raw(pid).ok_or("no process")?;
        rustix::process::kill_process(process, rustix::process::Signal::KILL)?;
        let is_gone = || {
            let status = self.status().unwrap();
            ![status.engine_pid, status.registry_pid, status.aws_pid].contains(&Some(pid))
        };
        wait_for(is_gone).then_some(()).ok_or_else(|| "it cannot be killed".into())
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Err(error) = self.sandbox.purge() {
            // What is left would disturb other tests: better to be seen.
            assert!(thread::panicking(), "purge: {error}");
        }
    }
}

/// Whether `condition` comes true within half a minute.
pub fn wait_for(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if condition() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The body of the answer, if there is one.
fn post(address: &str, path: &str, body: &str) -> Option<String> {
    let length = body.len();
    let request =
        format!("POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}");
    let answer = ask(address, &request)?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.contains(" 200 ").then(|| body.to_owned())
}

pub fn ask(address: &str, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
