//! Many builds in one call of `docker-buildx bake`, each written as an OCI archive.

use std::collections::BTreeMap;
use std::io;

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

/// So many builds go into one call: with many more, buildx 0.13 loses track of builds that are over too quickly.
const AT_ONCE: usize = 40;

/// What buildx says of a build that the engine has tried; anything else is trouble with the engine, and no judgement.
const REFUSED: &str = "failed to solve";

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

    /// Builds all targets and reads what came out; what the engine refuses has its words instead of an image.
    ///
    /// # Errors
    /// When the program cannot be run or leaves nothing that can be read.
    pub fn build(
        &self,
        folder: &Utf8Path,
        targets: &[Target],
        reader: &Reader,
    ) -> io::Result<Vec<Result<Image, String>>> {
        fs::write(folder.join("bake.json"), serde_json::to_vec(&bake_file(folder, targets))?)?;
        let mut images = BTreeMap::new();
        let places: Vec<usize> = (0..targets.len()).collect();
        for some in places.chunks(AT_ONCE) {
            self.some(folder, some, reader, &mut images)?;
        }
        Ok(images.into_values().collect())
    }

    fn some(
        &self,
        folder: &Utf8Path,
        places: &[usize],
        reader: &Reader,
        images: &mut BTreeMap<usize, Result<Image, String>>,
    ) -> io::Result<()> {
        let names = places.iter().map(|&place| name(place));
        let command = self.command(folder).args(["bake", "--file=bake.json", "--progress=plain"]).args(names);
        match (command.run(&Cancel::default()), places) {
            (Ok(_), _) => {
                for &place in places {
                    let archive = archive(folder, place);
                    images.insert(place, Ok(reader.read(&archive)?));
                    fs::remove_file(archive)?;
                }
                Ok(())
            }
            (Err(ProcessError::Failed { said, .. }), [place]) if said.contains(REFUSED) => {
                images.insert(*place, Err(said));
                Ok(())
            }
            // One that fails takes the others with it.
            (Err(ProcessError::Failed { .. }), [_, _, ..]) => {
                let (one, other) = places.split_at(places.len() / 2);
                self.some(folder, one, reader, images)?;
                self.some(folder, other, reader, images)
            }
            (Err(error), _) => Err(io::Error::other(error)),
        }
    }
}

fn name(place: usize) -> String {
    format!("t{place}")
}

fn archive(folder: &Utf8Path, place: usize) -> Utf8PathBuf {
    folder.join(format!("{}.tar", name(place)))
}

fn bake_file(folder: &Utf8Path, targets: &[Target]) -> serde_json::Value {
    let targets = targets.iter().enumerate().map(|(place, target)| {
        let linked: BTreeMap<_, _> = target
            .linked
            .iter()
            .map(|(reference, other)| (reference, format!("target:{}", name(*other))))
            .collect();
        let archive = archive(folder, place);
        let mut made = json!({
            "context": target.context,
            "dockerfile": target.dockerfile,
            "contexts": linked,
            "output": [format!("type=oci,dest={archive},compression=uncompressed,force-compression=true")],
            "attest": ["type=provenance,disabled=true", "type=sbom,disabled=true"],
        });
        if let Some(stage) = &target.stage {
            made["target"] = json!(stage);
        }
        (name(place), made)
    });
    json!({ "target": targets.collect::<BTreeMap<_, _>>() })
}
