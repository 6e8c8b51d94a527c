//! The environment as a value, so that whoever reads it can be tested without touching the process's own.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

/// Environment variables at one moment. An empty one counts as unset, as it does for Docker and pip.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// This process's environment; variables that are not UTF-8 are left out.
    #[must_use]
    pub fn current() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The variable's value, when it is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The same environment with one variable set to another value.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// As [`Env::get`], as a path.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<Utf8PathBuf> {
        self.get(name).map(Utf8PathBuf::from)
    }

    /// A path below the user's home folder, when `HOME` says where that is.
    #[must_use]
    pub fn in_home(&self, relative: &str) -> Option<Utf8PathBuf> {
        self.path("HOME").map(|home| home.join(relative))
    }
}

/// Shows the names only: values hold tokens.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_unset_and_values_are_not_shown() {
        let env = Env::from_iter([("EMPTY", ""), ("TOKEN", "hunter2"), ("HOME", "/home/me")]);
        assert_eq!((env.get("EMPTY"), env.get("TOKEN"), env.get("NONE")), (None, Some("hunter2"), None));
        assert_eq!(env.in_home(".docker").unwrap(), "/home/me/.docker");
        assert!(!format!("{env:?}").contains("hunter2"));
    }
}
