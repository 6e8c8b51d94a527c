//! Tests of `context`.

use super::*;
use crate::image::{Declare as _, Images, LambdaImage, external};
use crate::inspect::inspect;
use crate::platform::Platform;

struct Place {
    _guard: tempfile::TempDir,
    root: camino::Utf8PathBuf,
    context: camino::Utf8PathBuf,
}

impl Place {
    fn new() -> Self {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(guard.path()).unwrap().to_owned();
        let place = Self { _guard: guard, root: folder.join("repository"), context: folder.join("context") };
        fs::create_dir_all(place.root.join("data/empty")).unwrap();
        place.write("handler.py", "one");
        place.write("data/a.json", "{}");
        fs::os::unix::fs::symlink("a.json", place.root.join("data/link")).unwrap();
        place
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.root.join(path), text).unwrap();
    }

    fn inspect(&self) -> Inspection {
        let image = LambdaImage::new("it").from(external("scratch")).copy("handler.py").copy_dir("data");
        inspect(&self.root, &Images::new(Platform::LinuxAmd64).lambda(image.cmd("handler.main"))).unwrap()
    }

    fn copy(&self) {
        self.inspect().copy_context(0, &self.context).unwrap();
    }

    /// Every path below the context: its mode, and its text or target.
    fn copied(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut waiting = vec![self.context.clone()];
        while let Some(folder) = waiting.pop() {
            for entry in folder.read_dir_utf8().unwrap() {
                let path = entry.unwrap().into_path();
                let name = path.strip_prefix(&self.context).unwrap().to_owned();
                let metadata = fs::symlink_metadata(&path).unwrap();
                let mode = metadata.permissions().mode() & 0o7777;
                found.push(if metadata.is_symlink() {
                    format!("{name} -> {}", fs::read_link(&path).unwrap().display())
                } else if metadata.is_dir() {
                    waiting.push(path);
                    format!("{name}/ {mode:o}")
                } else {
                    format!("{name} {mode:o} {}", fs::read_to_string(&path).unwrap())
                });
            }
        }
        found.sort();
        found
    }
}

#[test]
fn a_copy_has_the_inputs_with_gits_modes_and_nothing_else() {
    let place = Place::new();
    for (path, mode) in [("handler.py", 0o600), ("data/a.json", 0o775), ("data", 0o700)] {
        set_mode(&place.root.join(path), mode).unwrap();
    }
    place.write("data/.env", "SECRET=1");
    let expected =
        ["data/ 755", "data/a.json 755 {}", "data/empty/ 755", "data/link -> a.json", "handler.py 644 one"];
    place.copy();
    assert_eq!(place.copied(), expected);

    // Whatever lay there before.
    fs::remove_file(place.context.join("handler.py")).unwrap();
    fs::create_dir_all(place.context.join("handler.py/folder")).unwrap();
    fs::remove_file(place.context.join("data/link")).unwrap();
    fs::os::unix::fs::symlink("elsewhere", place.context.join("data/link")).unwrap();
    fs::write(place.context.join("data/left"), "over").unwrap();
    place.copy();
    assert_eq!(place.copied(), expected);
}

#[test]
fn an_edit_that_keeps_size_and_time_gives_the_copy_another_time() {
    let place = Place::new();
    let stamp = || {
        let metadata = fs::metadata(place.context.join("handler.py")).unwrap();
        (metadata.len(), metadata.modified().unwrap())
    };
    place.copy();
    let before = stamp();
    let time = fs::metadata(place.root.join("handler.py")).unwrap().modified().unwrap();
    place.write("handler.py", "two");
    fs::File::options()
        .write(true)
        .open(place.root.join("handler.py"))
        .unwrap()
        .file()
        .set_modified(time)
        .unwrap();
    place.copy();
    assert_eq!(before.0, stamp().0);
    assert_ne!(before.1, stamp().1);
    assert!(place.copied().contains(&"handler.py 644 two".to_owned()));
}

#[test]
fn what_is_there_is_not_copied_again_and_half_a_copy_is() {
    let place = Place::new();
    place.copy();
    let inspection = place.inspect();
    // As a run leaves it that was killed while it copied.
    fs::write(place.context.join("handler.py"), "on").unwrap();
    // Whoever copied this again would not find it.
    fs::remove_file(place.root.join("data/a.json")).unwrap();
    inspection.copy_context(0, &place.context).unwrap();
    assert!(place.copied().contains(&"handler.py 644 one".to_owned()));
}

#[test]
fn what_is_no_longer_what_it_was_is_not_copied() {
    let place = Place::new();
    let inspection = place.inspect();
    place.write("handler.py", "two");
    let error = inspection.copy_context(0, &place.context).unwrap_err();
    assert!(matches!(&error, ContextError::Moved { path } if path.as_str() == "handler.py"), "{error}");
    fs::remove_file(place.root.join("handler.py")).unwrap();
    let error = inspection.copy_context(0, &place.context).unwrap_err();
    assert!(matches!(error, ContextError::Moved { .. }), "{error}");
}
