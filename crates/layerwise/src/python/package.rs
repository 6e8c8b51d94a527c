//! A local Python package as a declaration names it. Plain data: nothing is checked before it is loaded.

/// A Python package of this repository: a folder with a `pyproject.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonPackage {
    /// The folder, from the repository's root.
    pub path: String,
    /// The extras to install it with.
    pub extras: Vec<String>,
    /// Files and folders, relative to the package, that its backend reads in a way that `pyproject.toml` does not show.
    pub include: Vec<String>,
    /// `.dockerignore` patterns, relative to the package, for files that are not inputs.
    pub exclude: Vec<String>,
}

impl PythonPackage {
    /// The package in the folder `path`, without extras.
    #[must_use]
    pub fn at(path: impl Into<String>) -> Self {
        Self { path: path.into(), extras: Vec::new(), include: Vec::new(), exclude: Vec::new() }
    }

    /// The same package with one more extra.
    #[must_use]
    pub fn extra(&self, name: impl Into<String>) -> Self {
        let mut package = self.clone();
        package.extras.push(name.into());
        package
    }

    /// Adds a file or folder that the build backend reads: what a `setup.py`, a build hook or a plugin opens by itself.
    #[must_use]
    pub fn include(mut self, path: impl Into<String>) -> Self {
        self.include.push(path.into());
        self
    }

    /// Takes files out that `pattern` matches, `.dockerignore`'s way (`docs`, `**/*.ipynb`).
    #[must_use]
    pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
        self.exclude.push(pattern.into());
        self
    }
}

impl From<&PythonPackage> for PythonPackage {
    fn from(package: &PythonPackage) -> Self {
        package.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extra_leaves_the_original_as_it_is() {
        let label = PythonPackage::at("base-images/receipt_label").include("schema.json").exclude("docs");
        let full = label.extra("full");
        assert!(label.extras.is_empty());
        assert_eq!(full, PythonPackage { extras: vec!["full".into()], ..label });
    }
}
