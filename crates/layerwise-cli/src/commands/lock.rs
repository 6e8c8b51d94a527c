//! `lock`: what somebody else's images stand for, written down in `images.lock`. Asks their registries; never pulls anything.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use camino::Utf8PathBuf;
use fs_err as fs;
use layerwise::fs::write_if_different;
use layerwise::graph::Graph;
use layerwise::image_lock::{self, ImageLock, Locked, Needed};
use layerwise::image_ref::ImageRef;
use layerwise::inspect::Problem;
use layerwise::oci::Oci;
use layerwise::oci::resolve::Resolved;
use layerwise::platform::Platform;

use crate::args::Lock;
use crate::console::Tone;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::wording;

const DAY: u64 = 24 * 60 * 60;

pub fn run(context: &Context<'_>, typed: &Lock) -> Result<Exit, CliError> {
    let graph = context.graph()?;
    let needed = image_lock::needed(&graph);
    let path = context.root.join(image_lock::FILE);
    let mut lock = read(&path)?;
    let chosen = |reference: &ImageRef| match &typed.update {
        None => false,
        Some(names) => names.is_empty() || names.iter().any(|name| is_called(reference, name)),
    };
    if let Some(name) =
        typed.update.iter().flatten().find(|name| !needed.keys().any(|(one, _)| is_called(one, name)))
    {
        return Err(CliError::UnknownParent { name: name.clone() });
    }

    let registries = Oci::new(context.env, Vec::new());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let say = |word: &str, reference: &ImageRef, platform: Platform, rest: &str| {
        context.console.result(&format!("{word:<8}  {reference}  {platform}  {rest}"));
    };
    let (mut missing, mut failed) = (0, None);
    for ((reference, platform), places) in &needed {
        let before = lock.get(reference, *platform).cloned();
        missing += usize::from(before.is_none());
        if before.is_some() && !typed.check && !chosen(reference) {
            continue;
        }
        let found = match registries.resolve(reference, *platform) {
            Ok(Resolved::Image(digest)) => digest,
            Ok(Resolved::Absent) => {
                context.console.error(&format!("{reference} is not in its registry"));
                failed = failed.max(Some(Exit::Failed as u8));
                continue;
            }
            Ok(Resolved::OtherPlatforms(others)) => {
                let others = others.join(", ");
                context.console.error(&format!("{reference} is there for {others}, not for {platform}"));
                failed = failed.max(Some(Exit::Failed as u8));
                continue;
            }
            Err(error) => {
                context.console.error(&format!("{reference}: {error}"));
                context.console.hint(&error.hint());
                failed = failed.max(Some(Exit::Environment as u8));
                continue;
            }
        };
        let rebuilt = || dependants(&graph, places).join(", ");
        match before {
            None if typed.check => say("missing", reference, *platform, &format!("is {}", found.short())),
            None => {
                say("locked", reference, *platform, &format!("to {}; rebuilds {}", found.short(), rebuilt()))
            }
            Some(Locked { digest, resolved }) if digest == found => {
                say(
                    "same",
                    reference,
                    *platform,
                    &format!("{}, resolved {}", digest.short(), age(now, resolved)),
                );
                if typed.check {
                    continue;
                }
            }
            Some(Locked { digest, resolved }) => {
                let (old, new) = (digest.short(), found.short());
                let rest = format!("{old} -> {new}, resolved {}; rebuilds {}", age(now, resolved), rebuilt());
                say("moved", reference, *platform, &rest);
            }
        }
        if !typed.check {
            lock.set(reference.clone(), *platform, Locked { digest: found, resolved: now });
        }
    }
    finish(context, typed, &path, lock, &needed, missing, failed)
}

fn finish(
    context: &Context<'_>,
    typed: &Lock,
    path: &Utf8PathBuf,
    mut lock: ImageLock,
    needed: &Needed,
    missing: usize,
    failed: Option<u8>,
) -> Result<Exit, CliError> {
    let unused = lock.keep(needed);
    let failed = match failed {
        Some(code) if code == Exit::Environment as u8 => Some(Exit::Environment),
        failed => failed.map(|_| Exit::Failed),
    };
    if typed.check {
        if unused {
            context.console.error(&format!("{} has entries that nothing stands on", image_lock::FILE));
        }
        if missing > 0 {
            let are = wording::are(missing, "parent");
            context.console.error(&format!("{are} not in {}", image_lock::FILE));
        }
        let good = missing == 0 && !unused;
        if !good {
            context.console.hint("write it with `cargo xtask lock`");
        }
        return Ok(failed.unwrap_or(if good { Exit::Done } else { Exit::Failed }));
    }
    let file = |cause| CliError::File { doing: "write", path: path.clone(), cause };
    let written = write_if_different(path, lock.text().as_bytes()).map_err(file)?;
    let state = if written { "written" } else { "as it was" };
    let count = wording::count(lock.images.values().map(|platforms| platforms.len()).sum(), "digest");
    context.console.status(Tone::Good, "Locked", &format!("{count} in {}, {state}", image_lock::FILE));
    Ok(failed.unwrap_or(Exit::Done))
}

fn read(path: &Utf8PathBuf) -> Result<ImageLock, CliError> {
    let problem = |error| CliError::Problems(vec![Problem::Lock(error)]);
    match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(ImageLock::default()),
        Err(error) => Err(problem(error.into())),
        Ok(text) => ImageLock::parse(&text).map_err(problem),
    }
}

/// Whether somebody means `reference` by `name`: all of it, without its tag, or the last part.
fn is_called(reference: &ImageRef, name: &str) -> bool {
    let repository = reference.repository();
    let last = |text: &str| text.rsplit('/').next().is_some_and(|last| last == name);
    reference.to_string() == name || repository == name || last(repository) || last(&reference.to_string())
}

/// The labels of `places` and of all that stands on them.
fn dependants(graph: &Graph, places: &BTreeSet<usize>) -> Vec<String> {
    let stands = |place: &usize| !graph.with_ancestors([*place]).is_disjoint(places);
    (0..graph.targets.len()).filter(stands).map(|place| graph.targets[place].label.clone()).collect()
}

fn age(now: u64, then: u64) -> String {
    match now.saturating_sub(then) / DAY {
        0 => "today".to_owned(),
        days => format!("{} ago", wording::count(usize::try_from(days).unwrap_or(usize::MAX), "day")),
    }
}
