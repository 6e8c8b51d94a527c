//! Where a container has the files of the monorepo's own packages. Only what is proven is told: pip's own list says that a
//! file was installed with exactly the bytes of the source, at a path that ends as the source's does. A file that a build
//! backend has changed, renamed or left out has no place. Pure.

use std::collections::{BTreeMap, BTreeSet};

use layerwise::digest::Digest;
use layerwise::inputs::Entry;
use layerwise::layer::LayerClass;
use layerwise::repo_path::RepoPath;

use crate::decide::Chain;

/// Where the files of packages are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packages {
    places: BTreeMap<RepoPath, String>,
    /// Folders in which there is a Python file without a place.
    doubtful: BTreeSet<RepoPath>,
}

/// A file that pip has installed and that nobody has changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its path below the folder of all packages: `receipt_dynamo/client.py`.
    pub module: String,
    /// Its absolute path in the container.
    pub path: String,
}

/// Every file that packages are built from, with its digest.
fn sources(chain: &Chain) -> impl Iterator<Item = (&RepoPath, Digest)> {
    let classes = chain.iter().filter_map(|(_, made_of)| made_of.classes.get(&LayerClass::Packages));
    classes.flat_map(|class| &class.files).filter_map(|(path, entry)| match entry {
        Entry::File { digest, executable: false } => Some((path, *digest)),
        _ => None,
    })
}

/// The digests of all files that packages of `built` are built from.
pub(crate) fn wanted(built: &Chain) -> BTreeSet<Digest> {
    sources(built).map(|(_, digest)| digest).collect()
}

impl Packages {
    /// Where a container has the files of what it was built from.
    #[must_use]
    pub fn new(built: &Chain, installed: &[Installed]) -> Self {
        let mut by_digest = BTreeMap::<Digest, Vec<&Installed>>::new();
        for file in installed {
            by_digest.entry(file.digest).or_default().push(file);
        }
        let mut packages = Self::default();
        let mut sources_of = BTreeMap::<&str, BTreeSet<&RepoPath>>::new();
        for (source, digest) in sources(built) {
            let ends_alike = |file: &&&Installed| {
                source.as_str().strip_suffix(file.module.as_str()).is_some_and(|rest| rest.ends_with('/'))
            };
            let same = by_digest.get(&digest).into_iter().flatten();
            let place = same.filter(ends_alike).max_by_key(|file| file.module.len());
            match place {
                Some(file) => {
                    sources_of.entry(&file.path).or_default().insert(source);
                    packages.places.insert(source.clone(), file.path.clone());
                }
                None if is_python(source) => packages.doubtful.extend(source.parent()),
                None => {}
            }
        }
        // Two sources of one file: nobody knows which of them counts.
        for several in sources_of.into_values().filter(|sources| sources.len() > 1) {
            for source in several {
                packages.places.remove(source);
                packages.doubtful.extend(source.parent());
            }
        }
        packages
    }

    /// The absolute path at which the container has `path`, or would have it: a Python file that is new has its place
    /// beside the others of its folder.
    #[must_use]
    pub fn place(&self, path: &RepoPath) -> Option<String> {
        if let Some(place) = self.places.get(path) {
            return Some(place.clone());
        }
        let folder = path.parent().filter(|folder| is_python(path) && !self.doubtful.contains(folder))?;
        let beside = |(source, _): &(&RepoPath, &String)| {
            is_python(source) && source.parent().as_ref() == Some(&folder)
        };
        let mut folders = self.places.iter().filter(beside).filter_map(|(_, place)| place.rsplit_once('/'));
        let (there, _) = folders.next()?;
        folders
            .all(|(other, _)| other == there)
            .then(|| format!("{there}/{}", path.file_name().unwrap_or_default()))
    }

    /// Folders of the repository and where the container has them, for a debugger.
    #[must_use]
    pub fn mappings(&self) -> Vec<(String, String)> {
        let mut mappings = BTreeSet::new();
        for (source, place) in self.places.iter().filter(|(source, _)| is_python(source)) {
            let (mut here, mut there) = (source.as_str(), place.as_str());
            // Up to the folder above which the paths differ: the package itself.
            while let (Some((above_here, name)), Some((above_there, other))) =
                (here.rsplit_once('/'), there.rsplit_once('/'))
                && name == other
                && above_here.rsplit('/').next() == above_there.rsplit('/').next()
            {
                (here, there) = (above_here, above_there);
            }
            mappings.insert((here.to_owned(), there.to_owned()));
        }
        mappings.into_iter().collect()
    }
}

fn is_python(path: &RepoPath) -> bool {
    path.as_str().ends_with(".py")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ingredients;

    const SITE: &str = "/lib/site-packages";

    fn built(files: &[(&'static str, &'static str)]) -> Chain {
        let files: Vec<_> = files.iter().map(|(path, content)| (*path, Some(*content), false)).collect();
        vec![("base".to_owned(), ingredients(&[(LayerClass::Packages, &files)], &[]))]
    }

    fn packages(sources: &[(&'static str, &'static str)], installed: &[(&str, &str)]) -> Packages {
        let installed: Vec<_> = installed
            .iter()
            .map(|(module, content)| Installed {
                digest: Digest::of(content),
                module: (*module).to_owned(),
                path: format!("{SITE}/{module}"),
            })
            .collect();
        Packages::new(&built(sources), &installed)
    }

    #[track_caller]
    fn at(packages: &Packages, path: &str, expected: Option<&str>) {
        let expected = expected.map(|module| format!("{SITE}/{module}"));
        assert_eq!(packages.place(&RepoPath::new(path).unwrap()), expected, "{path}");
    }

    #[test]
    fn what_was_installed_as_it_is_has_a_place() {
        let sources = [
            ("p/src/dynamo/__init__.py", ""),
            ("p/src/dynamo/client.py", "client"),
            ("p/src/dynamo/deep/__init__.py", ""),
            ("p/src/dynamo/data/x.json", "{}"),
            ("p/pyproject.toml", "name"),
            ("p/README.md", "read"),
        ];
        let installed = [
            ("dynamo/__init__.py", ""),
            ("dynamo/client.py", "client"),
            ("dynamo/deep/__init__.py", ""),
            ("dynamo/data/x.json", "{}"),
            ("other/__init__.py", ""),
        ];
        let packages = packages(&sources, &installed);
        at(&packages, "p/src/dynamo/__init__.py", Some("dynamo/__init__.py"));
        at(&packages, "p/src/dynamo/client.py", Some("dynamo/client.py"));
        at(&packages, "p/src/dynamo/deep/__init__.py", Some("dynamo/deep/__init__.py"));
        at(&packages, "p/src/dynamo/data/x.json", Some("dynamo/data/x.json"));
        at(&packages, "p/pyproject.toml", None);
        at(&packages, "p/README.md", None);
        // New ones: beside others, if they are Python's.
        at(&packages, "p/src/dynamo/more.py", Some("dynamo/more.py"));
        at(&packages, "p/src/dynamo/more.json", None);
        at(&packages, "p/src/dynamo/fresh/__init__.py", None);
        assert_eq!(packages.mappings(), [("p/src/dynamo".to_owned(), format!("{SITE}/dynamo"))]);
    }

    #[test]
    fn what_a_backend_has_changed_moved_or_left_out_has_none() {
        let sources = [
            ("p/dynamo/__init__.py", "VERSION = unknown"),
            ("p/dynamo/client.py", "client"),
            ("p/lib/moved.py", "moved"),
            ("p/lib/kept.py", "kept"),
        ];
        let installed = [
            ("dynamo/__init__.py", "VERSION = 1"),
            ("dynamo/client.py", "client"),
            ("elsewhere/moved.py", "moved"),
            ("kept.py", "kept"),
        ];
        let packages = packages(&sources, &installed);
        at(&packages, "p/dynamo/__init__.py", None);
        at(&packages, "p/dynamo/client.py", Some("dynamo/client.py"));
        at(&packages, "p/lib/moved.py", None);
        at(&packages, "p/lib/kept.py", Some("kept.py"));
        // A folder of which one file went elsewhere says nothing of another.
        at(&packages, "p/dynamo/more.py", None);
        at(&packages, "p/lib/more.py", None);
    }

    #[test]
    fn two_sources_of_one_file_have_none() {
        let packages = packages(&[("a/x/y.py", "1"), ("b/x/y.py", "1")], &[("x/y.py", "1")]);
        at(&packages, "a/x/y.py", None);
        at(&packages, "b/x/y.py", None);
        at(&packages, "a/x/z.py", None);
    }
}
