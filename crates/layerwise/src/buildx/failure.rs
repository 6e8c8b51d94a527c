//! A failed build → what it means: the image's own fault, or the environment's, and what to do about that.
//! Pure; the texts are those of BuildKit, Docker and Go's network library.

use super::narrator::Failure;
use crate::builder::{BuildError, BuildRequest};

/// Something that is wrong with the environment, recognised by what is said about it.
struct Cause {
    /// Any one of these is said.
    said: &'static [&'static str],
    hint: &'static str,
}

/// A full disk, in the words of Go's programs and in those of all others.
const NO_SPACE: [&str; 2] = ["no space left on device", "No space left on device"];

/// The builder cannot work, whatever the image: nothing of it ran, or nothing could have.
const UNAVAILABLE: [Cause; 6] = [
    Cause {
        said: &["code = Unavailable", "error reading from server: EOF"],
        hint: "the engine stopped in mid-build: start it and run the command again; what was built is in its cache",
    },
    Cause {
        said: &["Cannot connect to the Docker daemon", "failed to connect to the docker API", "dial unix "],
        hint: "start Docker, or point DOCKER_HOST or `docker context use` at an engine that runs",
    },
    Cause {
        said: &["no builder \"", "failed to find driver"],
        hint: "`docker buildx ls` lists the builders; leave the name out to use the engine's own",
    },
    Cause {
        said: &["no such host", "server misbehaving", "i/o timeout", "network is unreachable"],
        hint: "the registry of a parent image cannot be reached: check the name and the network; an image of that \
               very name in the engine's store is used without asking anybody",
    },
    Cause {
        said: &NO_SPACE,
        hint: "the engine's disk is full: `docker builder prune` and `docker image prune` free what is not in use",
    },
    Cause {
        said: &["x509: "],
        hint: "the engine does not trust the registry's certificate: add its authority to the engine's host, not to \
               this one, when the two differ",
    },
];

/// The error to report for `failure`.
pub fn classify(request: &BuildRequest, failure: Failure) -> BuildError {
    let Failure { step, message, output } = failure;
    let image = request.image.clone();
    // Of a step that ran, only a full disk is never its own fault: its network is not the builder's.
    let ran = step.as_deref().is_some_and(|step| !step.starts_with("[internal] ")) && !output.is_empty();
    let everything = || std::iter::once(&message).chain(&output);
    let unavailable = UNAVAILABLE.iter().find_map(|cause| {
        let said = if cause.said == NO_SPACE { everything().find(|line| cause.fits(line)) } else { None };
        said.or((!ran && cause.fits(&message)).then_some(&message)).map(|said| (cause, said))
    });
    if let Some((cause, said)) = unavailable {
        let message = match &step {
            Some(step) if *said != message => format!("{step}: {said}"),
            _ => said.clone(),
        };
        return BuildError::Unavailable { image, message, hint: Some(cause.hint.to_owned()) };
    }
    BuildError::Failed { image, step, message, output, log: request.log.clone() }
}

/// Whether two builds set one tag in the same moment: the containerd store then refuses the second
/// (`image "docker.io/library/ping:sha-…": already exists`), whatever the images are.
pub fn somebody_tagged_at_once(failure: &Failure) -> bool {
    failure.message.contains("image \"") && failure.message.ends_with("\": already exists")
}

impl Cause {
    fn fits(&self, line: &str) -> bool {
        self.said.iter().any(|said| line.contains(said))
    }
}
