//! A repository made for one test, and the program run in it with surroundings of the test's own.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use camino::{Utf8Path, Utf8PathBuf};
use layerwise::destination::Destination;
use layerwise::digest::Digest;
use layerwise::image::{BaseImage, Declare, Images, LambdaImage, external};
use layerwise::inspect::inspect;
use layerwise::platform::Platform;
use layerwise::process::Env;
use layerwise::record::Record;
use layerwise::store::RecordStore;
use layerwise::store_dir::DirStore;
use layerwise_cli::{App, Exit, Settings, Size, Stream, Surroundings};

use crate::redactor::Redactor;

pub struct TestProject {
    _guard: tempfile::TempDir,
    pub root: Utf8PathBuf,
    images: Images,
    env: Vec<(String, String)>,
    terminal: bool,
    settings: Settings,
}

impl TestProject {
    /// An empty repository without images.
    pub fn new() -> Self {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(guard.path().canonicalize().unwrap()).unwrap();
        fs_err::create_dir(root.join(".git")).unwrap();
        let nowhere = root.join("no-home").to_string();
        // A test must find neither this machine's engine nor its user's files.
        let env = vec![("HOME".to_owned(), nowhere)];
        Self {
            _guard: guard,
            root,
            images: Images::new(Platform::LinuxAmd64),
            env,
            terminal: false,
            settings: Settings::new(),
        }
    }

    /// Two functions on one base, and one that stands alone.
    pub fn sample() -> Self {
        let python = || external(format!("python:3.13@{}", Digest::of("python")));
        let base = BaseImage::new("base").from(python()).pip(["boto3==1.40.0"]);
        let lambda = |name: &str| {
            LambdaImage::new(name).copy(format!("lambdas/{name}/handler.py")).cmd("handler.main")
        };
        let images = Images::new(Platform::LinuxAmd64)
            .lambda(lambda("submit").from(&base).copy_dir("lambdas/shared").env("MODEL", "small"))
            .lambda(lambda("poll").from(&base).function("poll-lines").function("poll-words"))
            .lambda(lambda("ping").from(python()));
        ["submit", "poll", "ping"]
            .iter()
            .fold(Self::new(), |project, name| project.file(&format!("lambdas/{name}/handler.py"), HANDLER))
            .file("lambdas/shared/batching.py", "SIZE = 10\n")
            .images(images)
    }

    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.root.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
        self
    }

    pub fn images(mut self, images: Images) -> Self {
        self.images = images;
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Both outputs are terminals of 80 columns.
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Records a build of every image from its inputs as they are now.
    pub fn built(self) -> Self {
        let inspection = inspect(&self.root, &self.images).unwrap();
        let store = DirStore::new(self.root.join("target/layerwise/records/local"));
        for (place, target) in inspection.graph.targets.iter().enumerate() {
            let inspected = &inspection.targets[place];
            let reference = Destination::Local.content_reference(&target.name, &inspected.fingerprint);
            let digest = Digest::of(target.name.as_str());
            let key = inspection.key(place);
            let record = Record::new(&key, &inspected.ingredients, reference.unwrap(), digest, 0, 600);
            assert!(store.put(&key, &record).unwrap());
        }
        self
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_in(&self.root, args)
    }

    pub fn run_in(&self, folder: &Utf8Path, args: &[&str]) -> Ran {
        let (stdout, stderr) = (Written::default(), Written::default());
        let stream = |written: &Written| Stream {
            writer: Box::new(written.clone()),
            terminal: self.terminal.then_some(|| Size { width: 80, height: 24 }),
        };
        let surroundings = Surroundings {
            args: args.iter().map(Into::into).collect(),
            env: Env::from_iter(self.env.clone()),
            folder: folder.to_owned(),
            stdout: stream(&stdout),
            stderr: stream(&stderr),
            signals: false,
        };
        let app = App::new(self.images.clone())
            .external("bench", "layerwise-bench", "Compare")
            .settings(self.settings.clone());
        let exit = app.run_in(surroundings);
        let redactor = Redactor::new(&self.root);
        let text = |written: &Written| redactor.redact(&written.text());
        let (stdout, stderr) = (text(&stdout), text(&stderr));
        Ran { command: args.join(" "), exit, stdout, stderr }
    }
}

pub const HANDLER: &str = "def main(event, context):\n    return event\n";

/// What a run left, redacted.
#[derive(PartialEq, Eq)]
pub struct Ran {
    command: String,
    pub exit: Exit,
    pub stdout: String,
    pub stderr: String,
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ cargo xtask {}", self.command)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "--- {name}\n{text}")?;
            }
        }
        write!(f, "--- {:?} ({})", self.exit, self.exit as u8)
    }
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
