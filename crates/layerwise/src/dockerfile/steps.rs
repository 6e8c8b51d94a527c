//! Single instructions: system packages, commands, assignments. Pure.

use super::{Does, Instruction, words};
use crate::image::{PackageManager, Run, SystemPackages};
use crate::layer::LayerClass;
use crate::shell::quote;

/// Where the compile stage installs to.
pub(super) const COMPILED: &str = "/layerwise/python";

/// Tests and byte code of installed distributions are nothing that a function runs.
pub(super) const SLIM: &str =
    "find /layerwise/python \\( -type d -name tests -o -name '*.pyc' \\) -prune -exec rm -rf {} +";

pub(super) fn run(class: LayerClass, run: &Run) -> Instruction {
    let mounts: Vec<String> =
        run.secrets.iter().map(|id| format!("--mount=type=secret,id={id},required=true ")).collect();
    let command = run.command.trim();
    // A line break would end the instruction, a last backslash would swallow the next one: the exec form holds both.
    let command = if command.contains('\n') || command.ends_with('\\') {
        words::json(&["/bin/sh", "-c", command])
    } else {
        command.to_owned()
    };
    alone(class, format!("RUN {}{command}", mounts.concat()), Does::Run)
}

pub(super) fn install_system(packages: &SystemPackages) -> Instruction {
    let mut names = packages.names.clone();
    names.sort();
    names.dedup();
    let names: Vec<String> = names.iter().map(|name| quote(name)).collect();
    let names = names.join(" ");
    let (text, rule) = match packages.manager {
        PackageManager::Dnf => (
            format!(
                "RUN --mount=type=cache,target=/var/cache/dnf,sharing=locked \\\n    \
                 dnf install -y --setopt=install_weak_deps=0 --setopt=keepcache=1 {names}"
            ),
            "DL3040,DL3041",
        ),
        PackageManager::Microdnf => (
            format!(
                "RUN microdnf install -y --nodocs --setopt=install_weak_deps=0 {names} \\\n    && microdnf clean all"
            ),
            "DL3041",
        ),
        PackageManager::Apt => (
            format!(
                "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    \
                 --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    \
                 apt-get update \\\n    \
                 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {names}"
            ),
            "DL3008,DL3009",
        ),
    };
    let why = "The distribution's current versions are wanted; its package cache is a mount, not a layer.";
    Instruction { allow: Some((rule, why)), ..alone(LayerClass::System, text, Does::Run) }
}

/// Brings what the compile stage installed to where the image's own Python looks for it.
pub(super) fn copy_compiled(stage: &str) -> Instruction {
    let text = format!(
        "RUN --mount=type=bind,from={stage},source={COMPILED},target={COMPILED} \\\n    \
         cp -R {COMPILED}/. \"$(python3 -c 'import sys; print(sys.prefix)')/\""
    );
    alone(LayerClass::Requirements, text, Does::Run)
}

/// Variables; none for none.
pub(super) fn env(pairs: &[(String, String)], class: LayerClass) -> Option<Instruction> {
    let set = || alone(class, format!("ENV {}", assignments(pairs)), Does::Env(pairs.to_vec()));
    (!pairs.is_empty()).then(set)
}

/// Labels; none for none.
pub(super) fn label(pairs: &[(String, String)], class: LayerClass) -> Option<Instruction> {
    let set = || alone(class, format!("LABEL {}", assignments(pairs)), Does::Label(pairs.to_vec()));
    (!pairs.is_empty()).then(set)
}

fn assignments(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| words::assignment(name, value)).collect();
    pairs.join(" \\\n    ")
}

/// An instruction that reads nothing of the build context.
pub(super) fn alone(class: LayerClass, text: String, does: Does) -> Instruction {
    Instruction { class, text, allow: None, sources: Vec::new(), to: None, does }
}

/// A folder or a user after `WORKDIR` and `USER`, in which `$NAME` expands.
pub(super) fn word(text: &str) -> String {
    if text.contains(' ') { format!("\"{text}\"") } else { text.to_owned() }
}
