//! One target, start to finish: lock, build, confirm, look at the inputs again, record. Never touches another target.

use std::io;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::{Options, World};
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

#[allow(clippy::too_many_arguments, reason = "one call, from one place, of what a run is made of")]
pub(super) fn build(
    world: &World<'_>,
    inspection: &Inspection,
    verdicts: &[Verdict],
    place: usize,
    parents: &[(usize, Product)],
    options: Options,
    cancel: &Cancel,
    events: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Product, Failure> {
    let target = &inspection.graph.targets[place];
    let inspected = &inspection.targets[place];
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

    let request = request(world, inspection, place, parents, options)?;
    events(Event::Started { target: place, log: request.log.clone() });
    let begun = Instant::now();
    let progress = |progress| events(Event::Progress { target: place, progress });
    let built = world.builder.build(&request, [&shared, &own], cancel, &progress)?;

    let reference = request.tags[0].clone();
    let digest = confirm(world, target, &reference, &built)?;
    inputs_are_the_same(inspection, place)?;

    let product = Product {
        reference: reference.clone(),
        digest,
        milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        steps: built.steps,
        cached: built.cached,
    };
    record(world, &key, inspected, reason, &product)?;
    if *world.destination == Destination::Local {
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

fn request(
    world: &World<'_>,
    inspection: &Inspection,
    place: usize,
    parents: &[(usize, Product)],
    options: Options,
) -> Result<BuildRequest, Failure> {
    let target = &inspection.graph.targets[place];
    let inspected = &inspection.targets[place];
    // A path of its own for every fingerprint: BuildKit takes two Dockerfiles of one path, size and time for the same.
    let builds = builds(world, target);
    remove_folders(&builds).and_then(|()| remove_temporaries(&builds)).map_err(environment)?;
    let folder = builds.join(inspected.fingerprint.short());
    fs::create_dir_all(&folder).map_err(environment)?;
    let dockerfile = folder.join(format!("{}.Dockerfile", target.label));
    let ignore = folder.join(format!("{}.Dockerfile.dockerignore", target.label));
    fs::write(&dockerfile, inspected.dockerfile.to_string()).map_err(environment)?;
    fs::write(&ignore, inspected.allow_list().text()).map_err(environment)?;
    // In one place for all builds of the target, so that the builder is only sent what has changed.
    let context = world.work.join("contexts").join(&target.label);
    inspection.copy_context(place, &context).map_err(|error| match error {
        ContextError::Moved { path } => Failure::InputsMoved { changes: path.to_string() },
        ContextError::Disk(error) => environment(error),
    })?;

    let reference =
        world.destination.content_reference(&target.name, &inspected.fingerprint).map_err(environment)?;
    let mut tags = vec![reference];
    if *world.destination == Destination::Local {
        tags.push(ImageRef::parse(&target.readable_reference()).map_err(environment)?);
    }
    Ok(BuildRequest {
        image: target.label.clone(),
        platform: target.platform,
        context,
        dockerfile,
        target: target.image.target.clone(),
        build_args: build_args(world.destination, target, parents),
        labels: vec![
            (IMAGE_LABEL.to_owned(), target.name.to_string()),
            (FINGERPRINT_LABEL.to_owned(), inspected.fingerprint.hex()),
        ],
        tags,
        secrets: (world.secrets)(target).map_err(Failure::Environment)?,
        push: *world.destination != Destination::Local,
        no_cache: options.no_cache,
        log: folder.join("build.log"),
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
/// store, which older engines cannot look up by digest.
fn build_args(
    destination: &Destination,
    target: &Target,
    parents: &[(usize, Product)],
) -> Vec<(String, String)> {
    let own = target.parents.iter().filter_map(|parent| match &parent.parent {
        TargetParent::External(_) => None,
        TargetParent::Target(place) => {
            let (_, product) = parents.iter().find(|(at, _)| *at == *place)?;
            let reference = match destination {
                Destination::Local => product.reference.clone(),
                Destination::Registry { .. } => product.reference.at_digest(product.digest),
            };
            Some((parent.arg.clone(), reference.to_string()))
        }
    });
    own.collect()
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
    let Product { reference, digest, milliseconds, .. } = product;
    let record =
        Record::new(key, &inspected.ingredients, reference.clone(), *digest, (world.now)(), *milliseconds);
    // The record of an image that is gone, or that we were told to replace, speaks of another digest.
    if !matches!(reason, Reason::NeverBuilt | Reason::Changed { .. }) {
        world.store.remove(key).map_err(environment)?;
    }
    world.store.put(key, &record).map_err(environment)?;
    Ok(())
}

fn environment(error: impl std::fmt::Display) -> Failure {
    Failure::Environment(error.to_string())
}
