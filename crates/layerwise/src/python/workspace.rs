//! All local packages that declarations name, by name and by folder. Never holds a package that nobody declared.

use std::collections::BTreeMap;

use super::name::PackageName;
use super::project::Project;
use crate::repo_path::RepoPath;

/// The repository's declared Python packages; each name is unique.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workspace {
    projects: BTreeMap<PackageName, Project>,
}

/// Two packages of one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{first}/pyproject.toml and {second}/pyproject.toml both name the package `{name}`")]
pub struct SameNameError {
    /// The normalised name.
    pub name: PackageName,
    /// The folder of one, the lesser path.
    pub first: RepoPath,
    /// The folder of the other.
    pub second: RepoPath,
}

impl SameNameError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some("`-`, `_`, `.` and capitals make no difference in a package's name: rename one".to_owned())
    }
}

impl Workspace {
    /// Gathers `projects`; the same folder may come several times.
    ///
    /// # Errors
    /// [`SameNameError`] for two folders with one name.
    pub fn new(projects: impl IntoIterator<Item = Project>) -> Result<Self, SameNameError> {
        let mut known: BTreeMap<PackageName, Project> = BTreeMap::new();
        for project in projects {
            if let Some(other) = known.get(&project.name)
                && other.path != project.path
            {
                let mut paths = [other.path.clone(), project.path];
                paths.sort();
                let [first, second] = paths;
                return Err(SameNameError { name: project.name, first, second });
            }
            known.insert(project.name.clone(), project);
        }
        Ok(Self { projects: known })
    }

    /// The package of this name.
    #[must_use]
    pub fn get(&self, name: &PackageName) -> Option<&Project> {
        self.projects.get(name)
    }

    /// The package in this folder.
    #[must_use]
    pub fn at(&self, path: &RepoPath) -> Option<&Project> {
        self.projects.values().find(|project| project.path == *path)
    }

    /// Every package, by name.
    pub fn projects(&self) -> impl Iterator<Item = &Project> {
        self.projects.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::project::tests::project;

    #[test]
    fn names_are_unique_and_folders_may_repeat() {
        let a = project("a", &[], &[]);
        let workspace = Workspace::new([a.clone(), a.clone(), project("b", &[], &[])]).unwrap();
        assert_eq!(workspace.projects().count(), 2);
        assert_eq!(workspace.at(&a.path), workspace.get(&a.name));

        let twin = Project { path: RepoPath::new("other/a").unwrap(), ..a.clone() };
        let error = Workspace::new([twin, a]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "base/a/pyproject.toml and other/a/pyproject.toml both name the package `a`"
        );
    }
}
