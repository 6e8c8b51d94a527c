//! A stable base that the store lacks, from a registry.

use fs_err as fs;
use layerwise::builder::{BuildRequest, Builder as _};
use layerwise::digest::Digest;
use layerwise::fs::Lock;
use layerwise::image_ref::ImageRef;
use layerwise::inspect::Inspection;
use layerwise::oci::Oci;
use layerwise::process::Cancel;
use layerwise::registry::Registry as _;
use layerwise::stable::StableBase;
use layerwise_dev::DevError;

use super::Standing;
use crate::console::Tone;
use crate::error::CliError;

impl Standing<'_> {
    /// Takes a base that the store lacks from the registry that its tag names, or from `LAYERWISE_REGISTRY`. A registry that
    /// does not say is as good as one that has none: the base can be built as well. Whether the store has it now.
    pub(super) fn fetch(
        &self,
        inspection: &Inspection,
        base: &StableBase,
        cancel: &Cancel,
    ) -> Result<bool, CliError> {
        let console = self.context.console;
        let prefix = self.context.env.get("LAYERWISE_REGISTRY");
        let there = match (base.reference.registry(), prefix) {
            (Some(_), _) => base.reference.clone(),
            (None, Some(prefix)) => {
                ImageRef::parse(&format!("{}/{}", prefix.trim_end_matches('/'), base.reference))?
            }
            (None, None) => return Ok(false),
        };
        let digest = match Oci::new(&self.machine.env, Vec::new()).find(std::slice::from_ref(&there)) {
            Ok(found) => found.into_iter().next().flatten(),
            Err(error) => {
                console.status(Tone::Notice, "Unknown", &format!("whether {there} is there: {error}"));
                None
            }
        };
        let Some(digest) = digest else { return Ok(false) };
        match self.take(inspection, base, &there, digest, cancel) {
            Ok(()) => console.status(Tone::Good, "Fetched", &there.to_string()),
            Err(error) => {
                console.status(Tone::Notice, "Not fetched", &format!("{there}: {error}"));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The builder has the logins: an image that is another one and nothing else brings it here.
    fn take(
        &self,
        inspection: &Inspection,
        base: &StableBase,
        there: &ImageRef,
        digest: Digest,
        cancel: &Cancel,
    ) -> Result<(), CliError> {
        let target = &inspection.graph.targets[base.place];
        let folder = self.context.work().join("development/bases").join(&target.label);
        let file = |doing: &'static str| {
            let path = folder.clone();
            move |cause| CliError::File { doing, path, cause }
        };
        fs::create_dir_all(folder.join("context")).map_err(file("write"))?;
        let dockerfile = folder.join("Dockerfile");
        fs::write(&dockerfile, format!("FROM {}\n", there.at_digest(digest))).map_err(file("write"))?;
        let lock = |name: &str| {
            let lock = Lock::acquire(&folder.join(name), || {}, || cancel.is_cancelled());
            lock.map_err(file("lock"))?.ok_or(CliError::Dev(DevError::Stopped))
        };
        let request = BuildRequest {
            image: target.label.clone(),
            platform: target.platform,
            context: folder.join("context"),
            dockerfile,
            target: None,
            build_args: Vec::new(),
            labels: Vec::new(),
            tags: vec![base.reference.clone()],
            secrets: Vec::new(),
            push: false,
            no_cache: false,
            cache: None,
            log: folder.join("build.log"),
        };
        let (one, two) = (lock("one.lock")?, lock("two.lock")?);
        let built = self.machine.builder()?.build(&request, [&one, &two], cancel, &|_| {});
        built.map(drop).map_err(CliError::Base)
    }
}
