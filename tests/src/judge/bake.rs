//! Many builds in one call of `docker-buildx bake`, each written as an archive.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::process::{Cancel, Command, ProcessError};
use serde_json::json;

use super::image::{Image, Reader};

/// An engine to build with.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The program `docker-buildx`.
    pub buildx: Utf8PathBuf,
    /// The variables that lead it to the engine.
    pub env: Vec<(String, String)>,
}

/// One build.
#[derive(Debug, Clone)]
pub struct Target {
    /// The build context.
    pub context: Utf8PathBuf,
    /// The Dockerfile; its ignore file lies beside it.
    pub dockerfile: Utf8PathBuf,
    /// References in the Dockerfile that stand for other targets, by their place.
    pub linked: Vec<(String, usize)>,
    /// The stage to build, where it is not the last one.
    pub stage: Option<String>,
}

/// What is wanted of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Its layers and its configuration.
    Whole,
    /// What its layers come to, and nothing else: the engine does that in a quarter of the time.
    Tree,
}

/// So many builds go into one call: with many more, buildx 0.13 loses track of builds that are over too quickly.
const AT_ONCE: usize = 40;

/// So many calls at once: the last builds of one leave the engine time for another.
const CALLS: usize = 2;

/// What buildx says of a build that the engine has tried; anything else is trouble with the engine, and no judgement.
const REFUSED: &str = "failed to solve";

/// What passes by itself: the containerd store refuses the second of two equal images or layers at one moment, and buildx
/// 0.13 stumbles now and then over builds that end while another one fails.
const PASSING: [&str; 3] =
    ["already exists", "panic: send on closed channel", "failed to stat active key during commit"];

impl Engine {
    /// The program with the environment.
    #[must_use]
    pub fn command(&self, cwd: &Utf8Path) -> Command {
        let command = Command::new(self.buildx.clone(), cwd)
            .env("BUILDX_BAKE_ENTITLEMENTS_FS", "0")
            .env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")
            .env("BUILDX_GIT_INFO", "false")
            .env("BUILDX_METADATA_PROVENANCE", "disabled");
        self.env.iter().fold(command, |command, (name, value)| command.env(name, value))
    }

    /// Builds what is `wanted` of `targets` and reads what came out; what the engine refuses has its words instead of an image.
    ///
    /// # Errors
    /// When the program cannot be run or leaves nothing that can be read.
    pub fn build(
        &self,
        folder: &Utf8Path,
        targets: &[Target],
        wanted: &BTreeMap<usize, Form>,
        reader: &Reader,
    ) -> io::Result<BTreeMap<usize, Result<Image, String>>> {
        fs::write(folder.join("bake.json"), serde_json::to_vec(&bake_file(folder, targets, wanted))?)?;
        let places: Vec<usize> = wanted.keys().copied().collect();
        let waiting = Mutex::new(places.chunks(AT_ONCE));
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        let call = || {
            let mut images = BTreeMap::new();
            while let Some(some) = next() {
                self.some(folder, targets, some, wanted, reader, &mut images)?;
            }
            io::Result::Ok(images)
        };
        std::thread::scope(|scope| {
            let calls: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
            let mut images = BTreeMap::new();
            for call in calls {
                images.extend(call.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(images)
        })
    }

    fn some(
        &self,
        folder: &Utf8Path,
        targets: &[Target],
        places: &[usize],
        wanted: &BTreeMap<usize, Form>,
        reader: &Reader,
        images: &mut BTreeMap<usize, Result<Image, String>>,
    ) -> io::Result<()> {
        let mut patience = 5;
        let said = loop {
            let names = places.iter().map(|&place| name(place));
            let command =
                self.command(folder).args(["bake", "--file=bake.json", "--progress=plain"]).args(names);
            match command.run(&Cancel::default()) {
                Ok(_) => {
                    for &place in places {
                        let archive = archive(folder, place);
                        images.insert(place, Ok(reader.read(&archive, wanted[&place])?));
                        fs::remove_file(archive)?;
                    }
                    return Ok(());
                }
                Err(ProcessError::Failed { said, .. })
                    if patience > 0 && PASSING.iter().any(|passing| said.contains(passing)) =>
                {
                    patience -= 1;
                }
                Err(ProcessError::Failed { said, .. }) if said.contains(REFUSED) => break said,
                Err(error) => return Err(io::Error::other(error)),
            }
        };
        // One that fails takes the others with it. They are built again without it, its own monorepo apart from the rest:
        // there may be more of the kind.
        let failed = if let [one] = places { Some(*one) } else { refused(&said) };
        let stands = |place: &usize| failed.is_some_and(|failed| stands_on(targets, *place, failed));
        let (refused, rest): (Vec<usize>, Vec<usize>) = places.iter().copied().partition(stands);
        images.extend(refused.iter().map(|&place| (place, Err(said.clone()))));
        let near = |place: &usize| {
            failed.is_some_and(|failed| {
                targets[*place].dockerfile.parent() == targets[failed].dockerfile.parent()
            })
        };
        let (near, far): (Vec<usize>, Vec<usize>) = rest.into_iter().partition(near);
        let parts = match (near.as_slice(), far.as_slice()) {
            (all, []) | ([], all) => all.split_at(all.len() / 2),
            parts => parts,
        };
        for part in [parts.0, parts.1].into_iter().filter(|part| !part.is_empty()) {
            self.some(folder, targets, part, wanted, reader, images)?;
        }
        Ok(())
    }
}

/// Whether the target at `place` is the one at `other`, or is built from it.
fn stands_on(targets: &[Target], place: usize, other: usize) -> bool {
    place == other || targets[place].linked.iter().any(|(_, below)| stands_on(targets, *below, other))
}

/// The place of a target that the engine refused, as buildx tells its step: ` > [t12 3/4] RUN …`. Exports that end because of
/// that are told like ` > [t13] exporting …`.
fn refused(said: &str) -> Option<usize> {
    let steps = said.split("\n > [t").skip(1).filter_map(|step| step.split_once(' '));
    steps.filter_map(|(place, _)| place.parse().ok()).last()
}

fn name(place: usize) -> String {
    format!("t{place}")
}

fn archive(folder: &Utf8Path, place: usize) -> Utf8PathBuf {
    folder.join(format!("{}.tar", name(place)))
}

fn bake_file(folder: &Utf8Path, targets: &[Target], wanted: &BTreeMap<usize, Form>) -> serde_json::Value {
    let targets = targets.iter().enumerate().map(|(place, target)| {
        let linked: BTreeMap<_, _> = target
            .linked
            .iter()
            .map(|(reference, other)| (reference, format!("target:{}", name(*other))))
            .collect();
        let archive = archive(folder, place);
        let output = match wanted.get(&place) {
            Some(Form::Whole) => {
                format!("type=oci,dest={archive},compression=uncompressed,force-compression=true")
            }
            Some(Form::Tree) => format!("type=tar,dest={archive}"),
            None => "type=cacheonly".to_owned(),
        };
        let mut made = json!({
            "context": target.context,
            "dockerfile": target.dockerfile,
            "contexts": linked,
            "output": [output],
            "attest": ["type=provenance,disabled=true", "type=sbom,disabled=true"],
        });
        if let Some(stage) = &target.stage {
            made["target"] = json!(stage);
        }
        (name(place), made)
    });
    json!({ "target": targets.collect::<BTreeMap<_, _>>() })
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn the_refused_target_is_the_one_with_a_step() {
        let said =
            "------\n > [t166 work 1/2] RUN false:\n------\n------\n > [t180] exporting to client tarball:\n";
        assert_eq!(refused(said), Some(166));
        assert_eq!(refused("ERROR: failed to solve: canceled"), None);
    }
}
