//! A project in a temporary folder and an engine in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::builder::{BuildError, BuildProgress, BuildRequest, Builder, Built};
use layerwise::destination::Destination;
use layerwise::digest::Digest;
use layerwise::fs::Lock;
use layerwise::image::{BaseImage, Declare, Images, LambdaImage, external};
use layerwise::image_ref::ImageRef;
use layerwise::inspect::{Inspection, inspect};
use layerwise::platform::Platform;
use layerwise::process::Cancel;
use layerwise::registry::{Labels, Registry, RegistryError};
use layerwise::run::{Assemble, Options, Outcome, World, run};
use layerwise::store_dir::DirStore;
use layerwise::verdicts::verdicts;

/// base <- top <- (one, two); alone.
pub struct Project {
    folder: tempfile::TempDir,
    cancel: Cancel,
    /// Seconds since 1970.
    clock: AtomicU64,
    stand_in: Mutex<Option<ImageRef>>,
}

impl Project {
    pub fn new() -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
            cancel: Cancel::default(),
            clock: AtomicU64::new(1_700_000_000),
            stand_in: Mutex::default(),
        };
        project.write("base.txt", "base");
        project.write("top.txt", "top");
        for name in ["one", "two", "alone"] {
            project.write(
                &format!("{name}/handler.py"),
                &format!("def handler(event, context):\n    return '{name}'\n"),
            );
        }
        project
    }

    pub fn images() -> Images {
        let base = BaseImage::new("base").from(external("python:3.13")).copy("base.txt");
        let top = BaseImage::new("top").from(&base).copy("top.txt");
        let lambda =
            |name: &str| LambdaImage::new(name).copy(format!("{name}/handler.py")).cmd("handler.handler");
        Images::new(Platform::LinuxAmd64)
            .lambda(lambda("one").from(&top))
            .lambda(lambda("two").from(&top))
            .lambda(lambda("alone").from(external("python:3.13")))
    }

    pub fn root(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).unwrap()
    }

    pub fn path(&self, path: &str) -> Utf8PathBuf {
        self.root().join("repository").join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    pub fn set_clock(&self, seconds: u64) {
        self.clock.store(seconds, Ordering::Relaxed);
    }

    /// Lets the engine have an image of its own under this name.
    pub fn stand_in(&self, reference: &str) {
        *self.stand_in.lock().unwrap() = Some(ImageRef::parse(reference).unwrap());
    }

    pub fn inspect(&self) -> Inspection {
        inspect(&self.path(""), &Self::images()).unwrap()
    }

    pub fn store(&self, folder: &str) -> DirStore {
        DirStore::new(self.root().join(folder))
    }

    pub fn run(&self, engine: &Engine, names: &[&str], force: bool) -> Vec<Option<Outcome>> {
        let inspection = self.inspect();
        self.run_of(&inspection, engine, names, force, &Destination::Local, "records")
    }

    /// Runs for an inspection; `folder` is that of the records.
    pub fn run_of(
        &self,
        inspection: &Inspection,
        engine: &Engine,
        names: &[&str],
        force: bool,
        destination: &Destination,
        folder: &str,
    ) -> Vec<Option<Outcome>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let selected = inspection.graph.select(&names).unwrap();
        let forced = if force { selected.clone() } else { BTreeSet::new() };
        let store = self.store(folder);
        let verdicts = verdicts(inspection, &store, Some(engine), &selected, &forced).unwrap();
        let stand_in = self.stand_in.lock().unwrap().clone();
        let world = World {
            store: &store,
            registry: engine,
            builder: engine,
            assembler: None,
            destination,
            work: &self.root().join("work"),
            locks: &self.root().join("locks"),
            secrets: &|_| Ok(Vec::new()),
            stand_in: stand_in.as_ref(),
            caches: None,
            now: &|| self.clock.load(Ordering::Relaxed),
        };
        let options = Options { jobs: 3, fail_fast: false, no_cache: false, assemble: Assemble::Auto };
        run(&world, inspection, &verdicts, &selected, options, &self.cancel, &|_| {})
    }

    pub fn files(&self, folder: &str) -> Vec<Utf8PathBuf> {
        let mut found = Vec::new();
        let mut waiting = vec![self.root().join(folder)];
        while let Some(folder) = waiting.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = Utf8PathBuf::from_path_buf(entry.unwrap().path()).unwrap();
                if path.is_dir() { waiting.push(path) } else { found.push(path) }
            }
        }
        found
    }

    fn record_files(&self) -> Vec<Utf8PathBuf> {
        self.files("records")
    }

    /// Sets the time of every file of the repository and of every record.
    pub fn touch(&self, seconds: u64) {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        for path in self.files("repository").into_iter().chain(self.record_files()) {
            fs::File::options().write(true).open(path).unwrap().file().set_modified(time).unwrap();
        }
    }

    pub fn records(&self) -> usize {
        self.record_files().len()
    }

    pub fn damage_records(&self) {
        for path in self.record_files() {
            fs::write(path, "{\"format\":1").unwrap();
        }
    }
}

type Hook = Box<dyn FnOnce() + Send>;

/// An engine in memory: every build gives another digest, as BuildKit's do.
#[derive(Default)]
pub struct Engine {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    images: BTreeMap<String, Digest>,
    requests: Vec<BuildRequest>,
    failing: BTreeSet<String>,
    losing: BTreeSet<String>,
    hooks: BTreeMap<String, Hook>,
    asked: BTreeSet<String>,
    labels: BTreeMap<Digest, BTreeMap<String, String>>,
}

impl Engine {
    pub fn built(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.iter().map(|request| request.image.clone()).collect()
    }

    pub fn request(&self, image: &str) -> BuildRequest {
        let state = self.state.lock().unwrap();
        state.requests.iter().find(|request| request.image == image).unwrap().clone()
    }

    /// The images that somebody has asked about since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked).into_iter().collect()
    }

    pub fn fail(&self, image: &str) {
        self.state.lock().unwrap().failing.insert(image.to_owned());
    }

    pub fn heal(&self, image: &str) {
        self.state.lock().unwrap().failing.remove(image);
    }

    /// Says that it built the image, but has not.
    pub fn lose(&self, image: &str) {
        self.state.lock().unwrap().losing.insert(image.to_owned());
    }

    pub fn forget(&self, image: &str) {
        self.state.lock().unwrap().images.retain(|tag, _| !tag.starts_with(&format!("{image}:")));
    }

    /// Lets the tag `also` name the image that is called `image`.
    pub fn name_also(&self, image: &str, also: &str) {
        let mut state = self.state.lock().unwrap();
        let digest = state.images[image];
        state.images.insert(also.to_owned(), digest);
    }

    pub fn tags(&self) -> Vec<String> {
        self.state.lock().unwrap().images.keys().cloned().collect()
    }

    pub fn during(&self, image: &str, hook: impl FnOnce() + Send + 'static) {
        self.state.lock().unwrap().hooks.insert(image.to_owned(), Box::new(hook));
    }
}

impl Builder for Engine {
    fn build(
        &self,
        request: &BuildRequest,
        _locks: [&Lock; 2],
        _cancel: &Cancel,
        _progress: &dyn Fn(BuildProgress),
    ) -> Result<Built, BuildError> {
        let mut state = self.state.lock().unwrap();
        if state.failing.contains(&request.image) {
            return Err(BuildError::Failed {
                image: request.image.clone(),
                step: None,
                message: "told to fail".to_owned(),
                output: Vec::new(),
                log: request.log.clone(),
            });
        }
        if let Some(hook) = state.hooks.remove(&request.image) {
            hook();
        }
        state.requests.push(request.clone());
        let digest = Digest::of(format!("{} {}", request.image, state.requests.len()));
        if !state.losing.contains(&request.image) {
            for tag in &request.tags {
                state.images.insert(tag.to_string(), digest);
            }
            state.labels.insert(digest, request.labels.iter().cloned().collect());
        }
        Ok(Built { digest, config: None, steps: 2, cached: 1 })
    }
}

impl Registry for Engine {
    fn find(&self, wanted: &[ImageRef]) -> Result<Vec<Option<Digest>>, RegistryError> {
        let mut state = self.state.lock().unwrap();
        state.asked.extend(wanted.iter().map(|reference| reference.path().to_owned()));
        Ok(wanted.iter().map(|reference| state.images.get(&reference.to_string()).copied()).collect())
    }

    fn violations(&self, _: &ImageRef, _: Digest, _: Platform) -> Result<Vec<String>, RegistryError> {
        Ok(Vec::new())
    }
}

impl Labels for Engine {
    fn label(&self, image: &ImageRef, name: &str) -> Result<Option<String>, RegistryError> {
        let state = self.state.lock().unwrap();
        let labels = state.images.get(&image.to_string()).and_then(|digest| state.labels.get(digest));
        Ok(labels.and_then(|labels| labels.get(name).cloned()))
    }
}
