//! Which local packages an image needs, in what order, and which third-party requirements they bring. Never resolves a
//! version: that is pip's work. What code imports plays no part, so packages may import each other as they like.

use std::collections::{BTreeMap, BTreeSet};

use super::name::{PackageName, PackageNameError};
use super::package::PythonPackage;
use super::project::Project;
use super::requirement::Requirement;
use super::workspace::Workspace;
use crate::repo_path::RepoPath;

/// What an image installs beyond what its parent has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstallPlan {
    /// Third-party requirements as they were written, sorted, each once.
    pub requirements: Vec<String>,
    /// Local packages, each behind all that it depends on; by name where the order is free.
    pub packages: Vec<LocalInstall>,
}

/// A local package to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalInstall {
    /// Its folder.
    pub path: RepoPath,
    /// Its name.
    pub name: PackageName,
    /// Every extra that anybody asks for.
    pub extras: BTreeSet<PackageName>,
}

/// What the images below already have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installed {
    /// Local packages with their extras.
    pub packages: BTreeMap<PackageName, BTreeSet<PackageName>>,
    /// Third-party requirements, as they were written.
    pub requirements: BTreeSet<String>,
}

impl Installed {
    /// Adds what `plan` installs.
    pub fn add(&mut self, plan: &InstallPlan) {
        self.requirements.extend(plan.requirements.iter().cloned());
        for package in &plan.packages {
            self.packages.entry(package.name.clone()).or_default().extend(package.extras.iter().cloned());
        }
    }

    fn has(&self, name: &PackageName, extras: &BTreeSet<PackageName>) -> bool {
        self.packages.get(name).is_some_and(|present| present.is_superset(extras))
    }
}

/// Why there is no order to install in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClosureError {
    /// An image wants a package that is not in the workspace.
    #[error("the package `{path}` was not loaded")]
    NotLoaded {
        /// The folder, as it was declared.
        path: String,
    },
    /// An extra has no name.
    #[error("{path}: {source}")]
    ExtraName {
        /// The package's folder.
        path: RepoPath,
        /// What is wrong.
        source: PackageNameError,
    },
    /// A package has no such extra.
    #[error("{asked_by} asks for the extra `{extra}` of {path}, which has {}", listed(known))]
    UnknownExtra {
        /// The folder of the package that asks, or `an image`.
        asked_by: String,
        /// The extra.
        extra: PackageName,
        /// The folder of the package that is asked.
        path: RepoPath,
        /// The extras that it has.
        known: Vec<PackageName>,
    },
    /// A package depends on one of this repository's packages that no declaration names.
    #[error("{path}/pyproject.toml: the dependency `{dependency}` is a local package{} that is not declared", place(folder.as_ref()))]
    Undeclared {
        /// The folder of the package that depends on it.
        path: RepoPath,
        /// The dependency.
        dependency: PackageName,
        /// Its folder, if that is known.
        folder: Option<RepoPath>,
    },
    /// Packages depend on each other.
    #[error("local packages depend on each other in a circle: {}", circle(packages))]
    Cycle {
        /// Each depends on the next, the last on the first.
        packages: Vec<PackageName>,
    },
}

impl ClosureError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotLoaded { .. } | Self::ExtraName { .. } => return None,
            Self::UnknownExtra { path, .. } => {
                format!("declare it under [project.optional-dependencies] in {path}/pyproject.toml")
            }
            Self::Undeclared { folder, .. } => {
                let path = folder.as_ref().map_or("…", RepoPath::as_str);
                format!("declare it with PythonPackage::at(\"{path}\") and install it")
            }
            Self::Cycle { .. } => {
                "take one of these dependencies out; what one imports from another need not be declared both ways"
                    .to_owned()
            }
        })
    }
}

/// What has to be installed for `wanted` on top of `parent`. The order of `wanted` makes no difference.
///
/// # Errors
/// [`ClosureError`].
pub fn plan(
    workspace: &Workspace,
    wanted: &[PythonPackage],
    parent: &Installed,
) -> Result<InstallPlan, ClosureError> {
    let mut closure = Closure { workspace, found: BTreeMap::new(), requirements: BTreeSet::new() };
    for package in wanted {
        let path = RepoPath::new(&package.path).ok();
        let project = path.and_then(|path| workspace.at(&path));
        let project = project.ok_or_else(|| ClosureError::NotLoaded { path: package.path.clone() })?;
        closure.need(project)?;
        for extra in &package.extras {
            let extra = PackageName::new(extra)
                .map_err(|source| ClosureError::ExtraName { path: project.path.clone(), source })?;
            closure.need_extra(project, &extra, "an image")?;
        }
    }
    let order = closure.order()?;
    let install = |project: &&Project| {
        let extras = &closure.found[&project.name].extras;
        (!parent.has(&project.name, extras)).then(|| LocalInstall {
            path: project.path.clone(),
            name: project.name.clone(),
            extras: extras.clone(),
        })
    };
    Ok(InstallPlan {
        packages: order.iter().filter_map(install).collect(),
        requirements: closure.requirements.difference(&parent.requirements).cloned().collect(),
    })
}

/// What has been reached so far.
struct Closure<'a> {
    workspace: &'a Workspace,
    found: BTreeMap<&'a PackageName, Node<'a>>,
    requirements: BTreeSet<String>,
}

/// A reached package: the extras that are asked of it, and the local packages that it needs with them.
#[derive(Default)]
struct Node<'a> {
    extras: BTreeSet<PackageName>,
    needs: BTreeSet<&'a PackageName>,
}

impl<'a> Closure<'a> {
    fn need(&mut self, project: &'a Project) -> Result<(), ClosureError> {
        if self.found.contains_key(&project.name) {
            return Ok(());
        }
        self.found.insert(&project.name, Node::default());
        self.need_all(project, &project.dependencies)
    }

    fn need_extra(
        &mut self,
        project: &'a Project,
        extra: &PackageName,
        asked_by: &str,
    ) -> Result<(), ClosureError> {
        let requirements = project.extras.get(extra).ok_or_else(|| ClosureError::UnknownExtra {
            asked_by: asked_by.to_owned(),
            extra: extra.clone(),
            path: project.path.clone(),
            known: project.extras.keys().cloned().collect(),
        })?;
        let is_new = self.found.entry(&project.name).or_default().extras.insert(extra.clone());
        if is_new { self.need_all(project, requirements) } else { Ok(()) }
    }

    /// Environment markers are not evaluated: a local package behind one is always needed.
    fn need_all(
        &mut self,
        project: &'a Project,
        requirements: &'a [Requirement],
    ) -> Result<(), ClosureError> {
        for requirement in requirements {
            let Some(target) = self.workspace.get(&requirement.name) else {
                if let Some(folder) = project.local.get(&requirement.name) {
                    return Err(ClosureError::Undeclared {
                        path: project.path.clone(),
                        dependency: requirement.name.clone(),
                        folder: folder.clone(),
                    });
                }
                self.requirements.insert(requirement.text.clone());
                continue;
            };
            // `all = ["label[full]"]` inside of label itself only adds extras.
            if target.name != project.name {
                self.found.entry(&project.name).or_default().needs.insert(&target.name);
                self.need(target)?;
            }
            for extra in &requirement.extras {
                self.need_extra(target, extra, project.path.as_str())?;
            }
        }
        Ok(())
    }

    /// Dependencies first; of those that are ready, the least name.
    fn order(&self) -> Result<Vec<&'a Project>, ClosureError> {
        let mut waiting: BTreeSet<&PackageName> = self.found.keys().copied().collect();
        let mut order = Vec::new();
        while !waiting.is_empty() {
            let ready = waiting.iter().copied().find(|&name| self.found[name].needs.is_disjoint(&waiting));
            let Some(name) = ready else { return Err(self.cycle(&waiting)) };
            waiting.remove(name);
            order.extend(self.workspace.get(name));
        }
        Ok(order)
    }

    /// Every package in `waiting` needs another one there, so following them from any comes back somewhere.
    fn cycle(&self, waiting: &BTreeSet<&'a PackageName>) -> ClosureError {
        let mut walked: Vec<&PackageName> = Vec::new();
        let mut next = waiting.first().copied();
        while let Some(name) = next {
            if let Some(start) = walked.iter().position(|&seen| seen == name) {
                walked.drain(..start);
                break;
            }
            walked.push(name);
            next = self.found[name].needs.intersection(waiting).next().copied();
        }
        let least = walked.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(at, _)| at);
        walked.rotate_left(least);
        ClosureError::Cycle { packages: walked.into_iter().cloned().collect() }
    }
}

fn listed(names: &[PackageName]) -> String {
    match names {
        [] => "none".to_owned(),
        names => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("only {}", names.join(", "))
        }
    }
}

fn place(folder: Option<&RepoPath>) -> String {
    folder.map(|folder| format!(" in {folder}")).unwrap_or_default()
}

fn circle(packages: &[PackageName]) -> String {
    let names: Vec<_> = packages.iter().chain(packages.first()).map(PackageName::as_str).collect();
    names.join(" → ")
}

#[cfg(test)]
mod tests;
