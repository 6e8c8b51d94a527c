//! `pyproject.toml`: from any text to a project or to an error that names the file.
use layerwise::dockerignore::AllowList;
use layerwise::python::PythonPackage;
use layerwise::python::facts::{FolderFacts, Kind};
use layerwise::python::project::{Manifest, declared_name};
use layerwise::repo_path::RepoPath;

/// Holds the law for one text.
pub fn hold(text: &str) {
    let folder = RepoPath::new("packages/it").unwrap();
    let name = declared_name(text);
    let manifest = match Manifest::parse(&folder, text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let _ = (error.to_string(), error.hint());
            return;
        }
    };
    assert_eq!(name.as_ref(), Some(manifest.name()));

    // Everything that it mentions is there: what has a dot in its name is a file.
    let mut facts = FolderFacts::default();
    facts.add(folder.clone(), Kind::Folder);
    for inside in ["src", "src/it", "it", "tests", "venv"] {
        facts.add(RepoPath::below(&folder, inside).unwrap(), Kind::Folder);
    }
    for inside in
        ["pyproject.toml", "LICENSE.txt", "src/it/__init__.py", "it/__init__.py", "venv/pyvenv.cfg", "one.py"]
    {
        facts.add(RepoPath::below(&folder, inside).unwrap(), Kind::File);
    }
    for path in manifest.mentions() {
        let is_file = path.file_name().is_some_and(|name| name.contains('.'));
        if facts.kind(path).is_none() {
            facts.add(path.clone(), if is_file { Kind::File } else { Kind::Folder });
        }
    }
    for path in manifest.texts().unwrap_or_default() {
        facts.add_text(path, "six>=1\n# note\nidna # note\n".to_owned());
    }
    for package in
        [PythonPackage::at("packages/it"), PythonPackage::at("packages/it").exclude("docs").include("a")]
    {
        match manifest.project(&package, &facts) {
            Ok(project) => {
                assert_eq!(Some(&project.name), name.as_ref());
                assert!(project.sources.is_sorted());
                // Its files are asked for in one allow-list, whatever they are called.
                if let Err(error) = AllowList::new(&project.sources) {
                    let _ = (error.to_string(), error.hint());
                }
            }
            Err(error) => {
                let _ = (error.to_string(), error.hint());
            }
        }
    }
}
