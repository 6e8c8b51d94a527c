//! Requirements files: several in one input, each behind a line `=== path`, that may name each other.
use std::collections::BTreeMap;

use layerwise::dockerignore::AllowList;
use layerwise::python::facts::Kind;
use layerwise::python::requirement::Requirement;
use layerwise::python::requirements_file::{RequirementsError, RequirementsFile};
use layerwise::repo_path::RepoPath;

/// Holds the law for one text.
pub fn hold(text: &str) {
    let mut files: BTreeMap<&str, &str> = BTreeMap::new();
    for part in text.split("=== ").skip(1) {
        let (path, content) = part.split_once('\n').unwrap_or((part, ""));
        files.insert(path, content);
    }
    files.entry("a/requirements.txt").or_insert(text);
    let gathered = RequirementsFile::gather(
        &RepoPath::new("a/requirements.txt").unwrap(),
        |path| Ok::<_, RequirementsError>(files.get(path.as_str()).map(|&text| text.to_owned())),
        |path| {
            Ok(files.get(path.as_str()).map(|text| if text.is_empty() { Kind::Folder } else { Kind::File }))
        },
    );
    match gathered {
        Ok(file) => {
            assert!(
                file.sources.is_sorted() && file.sources.iter().any(|source| *source.path() == file.path)
            );
            assert!(file.requirements().all(|line| !line.trim().is_empty()));
            for open in file.unpinned() {
                assert!(open.line >= 1 && file.requirements().any(|line| line == open.text));
            }
            AllowList::new(&file.sources).expect("what pip reads can be let in");
        }
        Err(error) => drop((error.to_string(), error.hint())),
    }

    for line in text.lines().take(8) {
        match Requirement::parse(line) {
            Ok(requirement) => {
                assert_eq!(Requirement::parse(&requirement.text), Ok(requirement.clone()));
                let _ = requirement.local_path();
            }
            Err(error) => drop(error.to_string()),
        }
    }
}
