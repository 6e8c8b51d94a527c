//! Engine, buildx, disk and records of this machine. Asks each once; changes nothing that stays.

use camino::Utf8Path;
use layerwise::engine::About;
use layerwise::process::Cancel;

use super::Finding;
use crate::console::bytes;
use crate::error::CliError;
use crate::machine::Machine;
use crate::records::Records;

/// Below this a build of a few Python images runs out of disk.
const ENOUGH: u64 = 5_000_000_000;

/// Everything about the machine.
#[must_use]
pub fn check(machine: &Machine<'_>, records: &Records, work: &Utf8Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let about = machine.engine().and_then(|engine| Ok(engine.about()?));
    match &about {
        Ok(about) => {
            findings.push(engine(about));
            let root = Utf8Path::new(&about.root);
            // That of an engine in a virtual machine or on another host is not ours to measure.
            findings.extend(root.is_dir().then(|| disk("the engine", root)));
        }
        Err(error) => findings.push(failed("engine", error)),
    }
    findings.push(match machine.builder() {
        Ok(buildx) => match buildx.version(&Cancel::default()) {
            Ok(version) => Finding::ok("buildx", version),
            Err(error) => Finding::error("buildx", error.to_string(), None),
        },
        Err(error) => failed("buildx", &error),
    });
    findings.push(self::records(records));
    findings.push(disk("our own files", work));
    findings
}

fn records(records: &Records) -> Finding {
    let place = records.address().map(|address| format!("{address} ")).unwrap_or_default();
    match records.store().check_writable() {
        Err(error) => failed("records", &CliError::Store(error)),
        Ok(()) => match (records.outage(), records.only_reads()) {
            (Some(outage), _) => failed("records", &CliError::Store(outage.clone())),
            (None, true) => Finding::ok("records", format!("{place}is only read here")),
            (None, false) => Finding::ok("records", format!("{place}can be written")),
        },
    }
}

fn engine(about: &About) -> Finding {
    let About { version, os, architecture, driver, .. } = about;
    let message = format!("Docker {version} for {os}/{architecture}, images in {driver}");
    if os == "linux" {
        Finding::ok("engine", message)
    } else {
        Finding::error(
            "engine",
            message,
            Some("Lambda runs Linux: switch the engine to Linux containers".into()),
        )
    }
}

fn failed(topic: &'static str, error: &CliError) -> Finding {
    Finding::error(topic, error.to_string(), error.hint())
}

/// The free space where `folder` is or will be.
fn disk(whose: &str, folder: &Utf8Path) -> Finding {
    let there = folder.ancestors().find_map(|folder| rustix::fs::statvfs(folder.as_std_path()).ok());
    let Some(there) = there else {
        return Finding::warning(
            "disk",
            format!("nobody knows what is free at `{folder}`"),
            "check its mount",
        );
    };
    let free = there.f_bavail * there.f_frsize;
    let message = format!("{} free for {whose} ({folder})", bytes(free));
    if free >= ENOUGH {
        Finding::ok("disk", message)
    } else {
        Finding::warning("disk", message, "make room: `docker buildx prune` empties BuildKit's cache")
    }
}
