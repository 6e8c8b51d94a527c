//! The instructions that call pip. Pure.

use crate::image::Pip;
use crate::repo_path::RepoPath;
use crate::shell::quote;

/// Where files of the repository are mounted while pip reads them: each at its own place below, so that relative
/// paths between them hold.
const MOUNT: &str = "/tmp/layerwise";

/// What every call of pip mounts: its download cache, and, where there are any, the user's settings for a private
/// index and a private certificate authority. Secrets are in no layer and in no cache key.
const MOUNTS: [&str; 4] = [
    "--mount=type=cache,target=/root/.cache/pip",
    "--mount=type=secret,id=pip_conf,target=/etc/pip.conf,required=false",
    "--mount=type=secret,id=pip_netrc,required=false",
    "--mount=type=secret,id=ca_bundle,required=false",
];

/// Logins from the mounted file, which need not be there. No byte code, so that a layer holds the same files wherever it is built; no advice that nobody reads.
const INSTALL: &str = "NETRC=/run/secrets/pip_netrc pip install --no-compile --root-user-action=ignore --disable-pip-version-check";

/// Puts a mounted file or folder of the repository at its place.
pub(super) fn bind(path: &RepoPath, writable: bool) -> String {
    let write = if writable { ",rw" } else { "" };
    format!("--mount=type=bind,source={path},target={}{write}", mounted(path))
}

pub(super) fn mounted(path: &RepoPath) -> String {
    format!("{MOUNT}/{path}")
}

/// A call of pip: what it mounts besides, where it runs, the options of the call, what it installs, and what runs
/// after it.
pub(super) struct Call<'a> {
    pub binds: Vec<String>,
    pub folder: Option<RepoPath>,
    pub options: Vec<String>,
    pub what: Vec<String>,
    pub then: Option<&'a str>,
}

impl Call<'_> {
    pub(super) fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mounts = MOUNTS.iter().map(|mount| (*mount).to_owned()).chain(self.binds.iter().cloned());
        for (place, mount) in mounts.enumerate() {
            lines.push(if place == 0 { format!("RUN {mount}") } else { format!("    {mount}") });
        }
        if let Some(folder) = &self.folder {
            lines.push(format!("    cd {} &&", mounted(folder)));
        }
        let mut install = format!("    {INSTALL}");
        for option in &self.options {
            install.push(' ');
            install.push_str(option);
        }
        lines.push(install);
        lines.extend(self.what.iter().map(|what| format!("        {what}")));
        if let Some(then) = self.then {
            lines.push(format!("    && {then}"));
        }
        lines.join(" \\\n")
    }
}

/// The options of one declared installation.
pub(super) fn index_options(pip: &Pip) -> Vec<String> {
    let index = pip.index_url.iter().map(|url| format!("--index-url {}", quote(url)));
    let extra = pip.extra_index_urls.iter().map(|url| format!("--extra-index-url {}", quote(url)));
    index.chain(extra).collect()
}
