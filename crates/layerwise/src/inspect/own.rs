//! Layerwise's own files in the repository: no image takes them in. They change with every build, so an image of them would
//! never be the one that its fingerprint speaks of. Pure; never looks whether they are there.

use std::sync::{Arc, LazyLock};

use super::Problem;
use crate::inputs::Source;
use crate::layer::LayerClass;
use crate::repo_path::RepoPath;

/// Where they are, from the repository's root: records, logs, copies of inputs.
pub const WORK: &str = "target/layerwise";

/// The folder around them, which is cargo's: what is left out of a folder around that. A folder that was empty without
/// them would tell of them too.
const AROUND: &str = "target";

static OWN: LazyLock<RepoPath> =
    LazyLock::new(|| RepoPath::new(WORK).unwrap_or_else(|error| unreachable!("{WORK}: {error}")));

/// `sources` without our own files, for the scan and the ignore file alike.
///
/// # Errors
/// [`Problem::Own`] for each source that would be nothing but them, or hardly anything else.
pub(super) fn left_out(
    image: &str,
    sources: Vec<(LayerClass, Source)>,
) -> Result<Vec<(LayerClass, Source)>, Vec<Problem>> {
    let (mut rest, mut problems) = (Vec::new(), Vec::new());
    for (class, mut source) in sources {
        let path = source.path();
        if path.is_within(&OWN) || matches!(&source, Source::Tree(_) if path.as_str() == AROUND) {
            problems.push(Problem::Own { image: image.to_owned(), path: path.clone() });
        }
        if let Source::Tree(tree) = &mut source
            && tree.path.is_root()
        {
            tree.exclude = tree.exclude.iter().cloned().chain([AROUND.to_owned()]).collect::<Arc<[String]>>();
        }
        rest.push((class, source));
    }
    if problems.is_empty() { Ok(rest) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;
    use fs_err as fs;

    use crate::image::{ContainerImage, Declare, Images, external};
    use crate::inspect::inspect;
    use crate::platform::Platform;

    #[test]
    fn our_own_files_are_no_inputs() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let write = |path: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        };
        let fingerprint = || {
            let image = ContainerImage::new("all").from(external("scratch")).copy_dir_as(".", "/all");
            let image = image.copy_dir_as("target/made", "/made").copy_as("target/one", "/one");
            let images = Images::new(Platform::LinuxAmd64).container(image);
            let inspected = inspect(root, &images).unwrap().targets.remove(0);
            assert!(!inspected.allow_list().includes(&super::OWN));
            inspected.fingerprint
        };
        ["data/target/a", "target/made/a", "target/one"].into_iter().for_each(write);
        let before = fingerprint();
        write("target/layerwise/contexts/all/data/target/a");
        write("target/debug/xtask");
        assert_eq!(fingerprint(), before);
        for path in ["data/target/b", "target/made/b"] {
            let before = fingerprint();
            write(path);
            assert_ne!(fingerprint(), before, "{path}");
        }
    }
}
