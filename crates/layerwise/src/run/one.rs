//! One target, start to finish: lock, build, confirm, look at the inputs again, record. Never touches another target.

use std::collections::BTreeSet;
use std::io;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::{Options, World, assembled};
use crate::builder::{BuildError, BuildRequest, Built};
use crate::destination::Destination;
use crate::digest::Digest;
use crate::event::{Event, Failure, Product};
use crate::fs::{Lock, remove_temporaries};
use crate::graph::{Target, TargetParent};
use crate::image::Kind;
use crate::image_ref::ImageRef;
use crate::inspect::{ContextError, Inspected, Inspection, Problem};
use crate::plan::{Reason, Verdict};
use crate::process::Cancel;
use crate::readable;
use crate::record::{Record, RecordKey};
use crate::store::Lookup;

/// The label that every image carries: its declared name.
pub const IMAGE_LABEL: &str = "io.layerwise.image";
/// The label that every image carries: the fingerprint that it was built from.
pub const FINGERPRINT_LABEL: &str = "io.layerwise.fingerprint";

/// What is known of one target's build.
pub(super) struct Job<'a> {
    pub world: &'a World<'a>,
    pub inspection: &'a Inspection,
    pub verdicts: &'a [Verdict],
    /// All that is built in this run.
    pub needed: &'a BTreeSet<usize>,
    pub place: usize,
    /// The parents that are ours, as they are there now.
    pub parents: Vec<(usize, Product)>,
    pub options: Options,
}

impl Job<'_> {
    pub fn target(&self) -> &Target {
        &self.inspection.graph.targets[self.place]
    }

    pub fn inspected(&self) -> &Inspected {
        &self.inspection.targets[self.place]
    }
}

pub(super) fn build(
    job: &Job<'_>,
    cancel: &Cancel,
    events: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Product, Failure> {
    let &Job { world, inspection, verdicts, place, .. } = job;
    let (target, inspected) = (job.target(), job.inspected());
    let key = inspection.key(place);
    let reason = match &verdicts[place] {
        Verdict::Stale(reason) => reason,
        Verdict::Fresh(head) => return Ok(Product::from(head.as_ref())),
    };

    // The first keeps two runs from building one image, wherever their checkouts are; the second keeps two runs in
    // one checkout, whatever records they use, out of each other's files. The builder holds both too: it may outlive us.
    let path = world.locks.join(format!("{}-{}.lock", target.name, target.platform.architecture()));
    let shared = lock(&path, place, inspection, cancel, events)?;
    let own = lock(&builds(world, target).join("lock"), place, inspection, cancel, events)?;
    if *reason != Reason::Forced
        && let Some(product) = built_meanwhile(world, &key)?
    {
        events(Event::Adopted { target: place, product: &product });
        return Ok(product);
    }
    inspection.check_handler(place).map_err(|error| Failure::Declaration(error.to_string()))?;

    let build = prepare(world, inspection, place)?;
    events(Event::Started { target: place, log: build.log() });
    let begun = Instant::now();
    let (built, assembled) = match assembled::build(job, &build, cancel, events)? {
        Some(built) => (built, true),
        None => {
            let request = request(job, &build)?;
            let progress = |progress| events(Event::Progress { target: place, progress });
            (world.builder.build(&request, [&shared, &own], cancel, &progress)?, false)
        }
    };

    let reference = build.tags[0].clone();
    let digest = confirm(world, target, &reference, &built)?;
    // What is assembled was digested while it was read: it is what the fingerprint says.
    if !assembled {
        inputs_are_the_same(inspection, place)?;
    }

    let product = Product {
        reference: reference.clone(),
        digest,
        milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        steps: built.steps,
        cached: built.cached,
        assembled,
    };
    record(world, &key, inspected, reason, &product)?;
    if world.destination.readable_word().is_some() {
        readable::given(world.work, inspection, place).map_err(environment)?;
    }
    events(Event::Built { target: place, product: &product });
    Ok(product)
}

/// Where the files of a target's builds are.
fn builds(world: &World<'_>, target: &Target) -> Utf8PathBuf {
    world.work.join("builds").join(&target.label)
}

fn lock(
    path: &Utf8Path,
    place: usize,
    inspection: &Inspection,
    cancel: &Cancel,
    events: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Lock, Failure> {
    let waiting = || events(Event::Waiting { target: place });
    let lock = Lock::acquire(path, waiting, || cancel.is_cancelled()).map_err(environment)?;
    let image = || inspection.graph.targets[place].label.clone();
    lock.ok_or_else(|| BuildError::Cancelled { image: image() }.into())
}

/// Another process may have built the same thing while we waited for the lock.
fn built_meanwhile(world: &World<'_>, key: &RecordKey) -> Result<Option<Product>, Failure> {
    let Lookup::Found(record) = world.store.get_again(key).map_err(environment)? else { return Ok(None) };
    let found = world.registry.find(std::slice::from_ref(&record.head.reference)).map_err(environment)?;
    Ok((found == [Some(record.head.digest)]).then(|| Product::from(&record.head)))
}

/// Where a build has its files and what its result is called.
pub(super) struct Build {
    /// A folder of its own for every fingerprint: BuildKit takes two Dockerfiles of one path, size and time for the same.
    pub folder: Utf8PathBuf,
    /// The content tag, and the one for people.
    pub tags: Vec<ImageRef>,
    pub labels: Vec<(String, String)>,
}

impl Build {
    fn log(&self) -> Utf8PathBuf {
        self.folder.join("build.log")
    }
}

fn prepare(world: &World<'_>, inspection: &Inspection, place: usize) -> Result<Build, Failure> {
    let target = &inspection.graph.targets[place];
    let fingerprint = inspection.targets[place].fingerprint;
    let builds = builds(world, target);
    remove_folders(&builds).and_then(|()| remove_temporaries(&builds)).map_err(environment)?;
    let reference = world.destination.content_reference(&target.name, &fingerprint).map_err(environment)?;
    let mut tags = vec![reference];
    if let Some(word) = world.destination.readable_word() {
        tags.push(ImageRef::parse(&target.readable_as(word)).map_err(environment)?);
    }
    let labels = vec![
        (IMAGE_LABEL.to_owned(), target.name.to_string()),
        (FINGERPRINT_LABEL.to_owned(), fingerprint.hex()),
    ];
    Ok(Build { folder: builds.join(fingerprint.short()), tags, labels })
}

fn request(job: &Job<'_>, build: &Build) -> Result<BuildRequest, Failure> {
    let (world, target, inspected) = (job.world, job.target(), job.inspected());
    fs::create_dir_all(&build.folder).map_err(environment)?;
    let dockerfile = build.folder.join(format!("{}.Dockerfile", target.label));
    let ignore = build.folder.join(format!("{}.Dockerfile.dockerignore", target.label));
    fs::write(&dockerfile, inspected.dockerfile.to_string()).map_err(environment)?;
    fs::write(&ignore, inspected.allow_list().text()).map_err(environment)?;
    // In one place for all builds of the target, so that the builder is only sent what has changed.
    let context = world.work.join("contexts").join(&target.label);
    job.inspection.copy_context(job.place, &context).map_err(|error| match error {
        ContextError::Moved { path } => Failure::InputsMoved { changes: path.to_string() },
        ContextError::Disk(error) => environment(error),
    })?;
    Ok(BuildRequest {
        image: target.label.clone(),
        platform: target.platform,
        context,
        dockerfile,
        target: target.image.target.clone(),
        build_args: build_args(world, target, &job.parents),
        labels: build.labels.clone(),
        tags: build.tags.clone(),
        secrets: (world.secrets)(target).map_err(Failure::Environment)?,
        push: world.destination.readable_word().is_none(),
        no_cache: job.options.no_cache,
        cache: world
            .caches
            .map(|caches| caches.of(&target.label, target.platform))
            .transpose()
            .map_err(environment)?,
        log: build.log(),
    })
}

/// Earlier builds of the same target, finished or killed; the lock says that nobody is at them.
fn remove_folders(builds: &Utf8Path) -> io::Result<()> {
    for entry in fs::read_dir(builds)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// The parents that are ours, exactly as they were confirmed: by digest in a registry, by content tag in a local
/// store, which older engines cannot look up by digest. Of others only those for which there is a stand-in: the Dockerfile
/// itself names the rest.
fn build_args(world: &World<'_>, target: &Target, parents: &[(usize, Product)]) -> Vec<(String, String)> {
    let own = target.parents.iter().filter_map(|parent| match &parent.parent {
        TargetParent::External(reference) => {
            let stand_in = stand_in(world, reference)?;
            Some((parent.arg.clone(), stand_in.to_string()))
        }
        TargetParent::Stable { target: _, reference } => Some((parent.arg.clone(), reference.to_string())),
        TargetParent::Target(place) => {
            Some((parent.arg.clone(), reference_of(world.destination, *place, parents)?.to_string()))
        }
    });
    own.collect()
}

/// What stands in the place of a pinned image of somebody else here.
pub(super) fn stand_in<'a>(world: &World<'a>, reference: &ImageRef) -> Option<&'a ImageRef> {
    let is_it = |stand_in: &&ImageRef| reference.digest().is_some() && **stand_in == reference.unpinned();
    world.stand_in.filter(is_it)
}

/// A parent that is ours, exactly as it was confirmed: by digest in a registry, by content tag in a local store, which
/// older engines cannot look up by digest.
pub(super) fn reference_of(
    destination: &Destination,
    place: usize,
    parents: &[(usize, Product)],
) -> Option<ImageRef> {
    let (_, product) = parents.iter().find(|(at, _)| *at == place)?;
    Some(match destination {
        Destination::Local | Destination::Development => product.reference.clone(),
        Destination::Registry { .. } => product.reference.at_digest(product.digest),
    })
}

/// The digest that the tag has now, if that is the image that was built, and one that Lambda takes.
fn confirm(
    world: &World<'_>,
    target: &Target,
    reference: &ImageRef,
    built: &Built,
) -> Result<Digest, Failure> {
    let unconfirmed = |why: String| Failure::Unconfirmed { reference: reference.clone(), why };
    let found = world.registry.find(std::slice::from_ref(reference));
    let digest = match found.as_deref() {
        Ok([Some(found)]) if built.is(*found) => *found,
        Ok([Some(other)]) => {
            return Err(unconfirmed(format!("the builder said {}, the tag has {other}", built.digest)));
        }
        Ok(_) => return Err(unconfirmed("the tag is not there".to_owned())),
        Err(error) => return Err(unconfirmed(error.to_string())),
    };
    if target.image.kind == Kind::Lambda {
        let violations = world
            .registry
            .violations(reference, digest, target.platform)
            .map_err(|error| unconfirmed(error.to_string()))?;
        if !violations.is_empty() {
            return Err(Failure::NotForLambda {
                reference: reference.clone(),
                violations: violations.join("; "),
            });
        }
    }
    Ok(digest)
}

/// What was built was read some time after it was digested: only if it is still the same do we know what is in it.
fn inputs_are_the_same(inspection: &Inspection, place: usize) -> Result<(), Failure> {
    let unreadable = |problems: Vec<Problem>| {
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failure::InputsMoved { changes: texts.join(", ") }
    };
    let changes = inspection.changes_since(place).map_err(unreadable)?;
    if changes.is_empty() { Ok(()) } else { Err(Failure::InputsMoved { changes: changes.join(", ") }) }
}

fn record(
    world: &World<'_>,
    key: &RecordKey,
    inspected: &Inspected,
    reason: &Reason,
    product: &Product,
) -> Result<(), Failure> {
    let Product { reference, digest, milliseconds, assembled, .. } = product;
    let record =
        Record::new(key, &inspected.ingredients, reference.clone(), *digest, (world.now)(), *milliseconds)
            .assembled(*assembled);
    // The record of an image that is gone, or that we were told to replace, speaks of another digest.
    if !matches!(reason, Reason::NeverBuilt | Reason::Changed { .. }) {
        world.store.remove(key).map_err(environment)?;
    }
    world.store.put(key, &record).map_err(environment)?;
    Ok(())
}

pub(super) fn environment(error: impl std::fmt::Display) -> Failure {
    Failure::Environment(error.to_string())
}
