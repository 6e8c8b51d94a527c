//! Where finished builds are remembered: a folder, or a store that several machines share, with a folder that remembers
//! what it has said. Decides which, and what may be done to it; asks nothing.

use std::sync::atomic::{AtomicBool, Ordering};

use camino::Utf8PathBuf;
use layerwise::cloud::BUCKET;
use layerwise::process::Env;
use layerwise::store::{RecordStore, StoreError};
use layerwise::store_dir::DirStore;
use layerwise::store_shared::{Access, SharedStore};
use layerwise_sandbox::Running;

use crate::args::{self, Where};
use crate::console::{Console, Tone};
use crate::context::Context;
use crate::error::CliError;
use crate::settings::Chosen;

/// The variable that says what may be done to shared records.
const ACCESS: &str = "LAYERWISE_RECORDS_ACCESS";

/// Where finished builds are remembered.
pub struct Records {
    kind: Kind,
    /// Where runs of this checkout keep out of each other's way.
    locks: Utf8PathBuf,
    told: AtomicBool,
}

enum Kind {
    Folder(DirStore),
    Shared { store: Box<SharedStore>, address: String },
}

impl Records {
    /// Records of the destination that is called `slug`.
    ///
    /// # Errors
    /// [`CliError`] for a place that cannot be one.
    pub fn new(
        context: &Context<'_>,
        typed: &Where,
        chosen: &Chosen,
        slug: &str,
        sandbox: Option<&Running>,
    ) -> Result<Self, CliError> {
        let said = typed.records.clone().or_else(|| chosen.records.as_ref().map(Utf8PathBuf::from));
        let place = said.unwrap_or_else(|| context.work().join("records"));
        if !place.as_str().contains("://") {
            return Ok(Self::in_folder(DirStore::new(context.root.join(place).join(slug))));
        }
        let cloud = context.cloud.ok_or_else(|| CliError::NoCloud { what: place.to_string() })?;
        let env = sandbox.map(Running::env).unwrap_or_default();
        let env = env.into_iter().fold(context.env.clone(), |env, (name, value)| env.with(name, value));
        let address = place.as_str().trim_end_matches('/').to_owned();
        let far = cloud.records(&format!("{address}/{slug}"), &env)?;
        let name: String = address
            .trim_start_matches(BUCKET)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '+' })
            .collect();
        let mirror = DirStore::new(context.work().join("mirror").join(name).join(slug));
        let locks = mirror.locks();
        let access = access(typed.records_access, context.env)?;
        let store = Box::new(SharedStore::new(far, mirror, access, author(context.env)));
        Ok(Self { kind: Kind::Shared { store, address }, locks, told: AtomicBool::default() })
    }

    /// Records in a folder.
    pub fn in_folder(store: DirStore) -> Self {
        Self { locks: store.locks(), kind: Kind::Folder(store), told: AtomicBool::default() }
    }

    /// The store.
    pub fn store(&self) -> &dyn RecordStore {
        match &self.kind {
            Kind::Folder(store) => store,
            Kind::Shared { store, .. } => &**store,
        }
    }

    /// The folder of the locks that keep two runs from building the same image at once.
    pub fn locks(&self) -> Utf8PathBuf {
        self.locks.clone()
    }

    /// The address of records that several machines share.
    pub fn address(&self) -> Option<&str> {
        match &self.kind {
            Kind::Folder(_) => None,
            Kind::Shared { address, .. } => Some(address),
        }
    }

    /// Why shared records were out of reach, if they were.
    pub fn outage(&self) -> Option<&StoreError> {
        match &self.kind {
            Kind::Folder(_) => None,
            Kind::Shared { store, .. } => store.outage(),
        }
    }

    /// Whether nothing is recorded.
    pub fn only_reads(&self) -> bool {
        matches!(&self.kind, Kind::Shared { store, .. } if store.access() == Access::ReadOnly)
    }

    /// Says, once, that shared records were out of reach.
    pub fn say_outage(&self, console: &Console) {
        if let Some(outage) = self.outage()
            && !self.told.swap(true, Ordering::Relaxed)
        {
            console.status(Tone::Notice, "Warning", &outage.to_string());
            console.hint("this run goes on with what this machine knows, and records nothing; the next one tries again");
        }
    }

    /// Says that nothing is recorded, where that is so.
    pub fn say_access(&self, console: &Console) {
        if let Some(address) = self.address()
            && self.only_reads()
        {
            console.status(Tone::Busy, "Reading", &format!("{address} only: what is built is not recorded"));
        }
    }
}

/// What may be done to shared records: what was said, else what the surroundings can be trusted with.
fn access(typed: Option<args::Access>, env: &Env) -> Result<Access, CliError> {
    let said = match (typed, env.get(ACCESS)) {
        (Some(typed), _) => Some(typed),
        (None, Some("read-only")) => Some(args::Access::ReadOnly),
        (None, Some("read-write")) => Some(args::Access::ReadWrite),
        (None, Some(value)) => {
            let known = "read-only, read-write".to_owned();
            return Err(CliError::Setting { name: ACCESS, value: value.to_owned(), known });
        }
        (None, None) => None,
    };
    Ok(match said {
        Some(args::Access::ReadOnly) => Access::ReadOnly,
        Some(args::Access::ReadWrite) => Access::ReadWrite,
        None if is_pull_request(env) => Access::ReadOnly,
        None => Access::ReadWrite,
    })
}

/// Whether a CI builds what somebody proposes and nobody has taken in yet. Each has its own words for it.
fn is_pull_request(env: &Env) -> bool {
    let set = |name: &str| env.get(name).is_some_and(|value| value != "false");
    let begins = |name: &str, start: &str| env.get(name).is_some_and(|value| value.starts_with(start));
    // GitHub, CodeBuild
    begins("GITHUB_EVENT_NAME", "pull_request")
        || begins("CODEBUILD_WEBHOOK_EVENT", "PULL_REQUEST_")
        // GitLab, CircleCI, Azure, Jenkins, Buildkite, Travis, Bitbucket, Drone
        || ["CI_MERGE_REQUEST_IID", "CIRCLE_PULL_REQUEST", "SYSTEM_PULLREQUEST_PULLREQUESTID", "CHANGE_ID"]
            .into_iter()
            .chain(["BUILDKITE_PULL_REQUEST", "TRAVIS_PULL_REQUEST", "BITBUCKET_PR_ID", "DRONE_PULL_REQUEST"])
            .any(set)
}

/// Who writes records, and where.
fn author(env: &Env) -> String {
    let ci = |name: &str| env.get(name);
    if let (Some(actor), Some(server), Some(repository), Some(run)) =
        (ci("GITHUB_ACTOR"), ci("GITHUB_SERVER_URL"), ci("GITHUB_REPOSITORY"), ci("GITHUB_RUN_ID"))
    {
        return format!("{actor} in {server}/{repository}/actions/runs/{run}");
    }
    let who = ["GITLAB_USER_LOGIN", "USER", "LOGNAME"].into_iter().find_map(ci).unwrap_or("somebody");
    match env.get("CI_JOB_URL").or_else(|| env.get("BUILD_URL")) {
        Some(job) => format!("{who} in {job}"),
        None => format!("{who}@{}", rustix::system::uname().nodename().to_string_lossy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> Env {
        variables.iter().copied().collect()
    }

    #[test]
    fn a_pull_request_in_ci_only_reads_unless_told() {
        let access = |typed, variables: &[(&str, &str)]| access(typed, &env(variables)).unwrap();
        let pull = ("GITHUB_EVENT_NAME", "pull_request_target");
        assert_eq!(access(None, &[]), Access::ReadWrite);
        assert_eq!(access(None, &[("GITHUB_EVENT_NAME", "push")]), Access::ReadWrite);
        assert_eq!(access(None, &[("BUILDKITE_PULL_REQUEST", "false")]), Access::ReadWrite);
        for proposed in [pull, ("BUILDKITE_PULL_REQUEST", "7"), ("CI_MERGE_REQUEST_IID", "7")] {
            assert_eq!(access(None, &[proposed]), Access::ReadOnly, "{proposed:?}");
        }
        assert_eq!(access(None, &[pull, (ACCESS, "read-write")]), Access::ReadWrite);
        assert_eq!(access(Some(args::Access::ReadOnly), &[(ACCESS, "read-write")]), Access::ReadOnly);
        let wrong = super::access(None, &env(&[(ACCESS, "readonly")])).unwrap_err().to_string();
        assert_eq!(
            wrong,
            "LAYERWISE_RECORDS_ACCESS is `readonly`, which is not one of: read-only, read-write"
        );
    }

    #[test]
    fn an_author_says_who_and_where() {
        let github = [
            ("GITHUB_ACTOR", "octocat"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "team/mono"),
            ("GITHUB_RUN_ID", "7"),
            ("USER", "runner"),
        ];
        assert_eq!(author(&env(&github)), "octocat in https://github.com/team/mono/actions/runs/7");
        assert!(author(&env(&[("USER", "me")])).starts_with("me@"));
    }
}
