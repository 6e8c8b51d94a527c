//! A power cut: what was only in the machine's memory is gone, and the records are there.

use fs_err as fs;
use layerwise_tests::quick::IMAGES;
use layerwise_tests::random::Random;
use libtest_mimic::{Completion, Failed};

use crate::quick;
use crate::truth::Truth;
use crate::world::World;

/// How the script ends on a machine that has no file systems in files.
const NOT_HERE: i32 = 9;

/// The disk is a file, so what the system has not yet written to the disk is not in a copy of the file that is made while
/// the disk is in use: the copy is what a power cut leaves.
pub fn records_survive_a_power_cut(world: &World) -> Result<Completion, Failed> {
    let checkout = quick::checkout(world, "power", &mut Random::new(1))?;
    let folder = world.folder("power/disks");
    let records = checkout.records_folder();
    let run = |script: &str| {
        let mount = format!("mount_disk() {{ mount -o loop \"$1\" {records} || exit {NOT_HERE}; }}");
        let script = format!("set -e; cd {folder}; {mount}; {script}");
        let shell = ["unshare", "--mount", "--propagation=private", "/bin/sh", "-c", &script, "sh"];
        world.run(&checkout.below(&shell, &["build-lambdas", "--json"]))
    };
    let cut = run(&format!(
        "truncate -s 16M disk; PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F disk || exit {NOT_HERE}\n\
         mount_disk disk; \"$@\"; cp disk cut"
    ))?;
    if cut.code == NOT_HERE {
        return Ok(Completion::ignored_with(format!("no file system in a file: {}", cut.stderr.trim())));
    }
    assert_eq!(cut.code, 0, "{}", cut.stderr);
    checkout.builds();
    let later = run(&format!("mount_disk cut; \"$@\"; cp -R {records} kept"))?;
    assert_eq!(later.code, 0, "{}", later.stderr);
    assert_eq!(checkout.builds(), 0, "what is built again was forgotten: {}", later.stderr);
    // The disks are gone with their name spaces: what they held is held against the images.
    for entry in fs::read_dir(folder.join("kept"))? {
        let entry = entry?;
        fs::rename(entry.path(), records.join(entry.file_name().to_str().ok_or("not UTF-8")?))?;
    }
    quick::finish(&checkout)?;
    Truth::of(&checkout).check().map(|count| assert_eq!(count, IMAGES.len()))?;
    Ok(Completion::Completed)
}
