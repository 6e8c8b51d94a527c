//! Records on a full, a read-only and another file system, records that are deleted meanwhile, and few descriptors.

use fs_err as fs;
use layerwise::destination::Destination;
use layerwise::digest::Digest;
use layerwise::inspect::{Inspection, inspect};
use layerwise::record::Record;
use layerwise::store::RecordStore as _;
use layerwise::store_dir::DirStore;
use layerwise_tests::crowd;
use layerwise_tests::quick::IMAGES;
use layerwise_tests::random::Random;
use libtest_mimic::Failed;

use crate::checkout::Checkout;
use crate::quick;
use crate::truth::Truth;
use crate::world::{Said, World};

/// Builds twice with records on a file system that is mounted for these two runs alone. Answers both.
fn mounted(checkout: &Checkout<'_>, options: &str) -> Result<(Said, Said), Failed> {
    let records = checkout.records_folder();
    let between = checkout.temporary().with_file_name("first");
    let script = format!(
        "mount -t tmpfs -o {options} records {records} || exit 9\n\
         \"$@\" > {between} 2>&1; code=$?\n\
         \"$@\"; second=$?\n\
         find {records} -name '.*' -exec echo left behind: '{{}}' ';' >&2\n\
         echo $code >> {between}; exit $second"
    );
    let shell = ["unshare", "--mount", "--propagation=private", "/bin/sh", "-c", &script, "sh"];
    let second = checkout.world.run(&checkout.below(&shell, &["build-lambdas", "--json"]))?;
    let first = fs::read_to_string(&between)?;
    let (said, code) = first.trim_end().rsplit_once('\n').ok_or("it said nothing")?;
    let first = Said { code: code.parse()?, stdout: String::new(), stderr: said.to_owned() };
    fs::remove_file(between)?;
    Ok((first, second))
}

pub fn a_full_folder_of_records_is_an_error_and_a_larger_one_is_not(world: &World) -> Result<(), Failed> {
    let checkout = quick::checkout(world, "full", &mut Random::new(1))?;
    // Room for one record.
    let (first, second) = mounted(&checkout, "size=4k")?;
    for said in [first, second] {
        assert_eq!(said.code, 3, "{}", said.stderr);
        assert!(said.stderr.contains("cannot write records in"), "{}", said.stderr);
        assert!(said.stderr.contains("No space left"), "{}", said.stderr);
        assert!(!said.stderr.contains("left behind"), "{}", said.stderr);
    }
    // Elsewhere than the checkout, with room for all.
    let (first, second) = mounted(&checkout, "size=1m")?;
    assert_eq!((first.code, second.code), (0, 0), "{}{}", first.stderr, second.stderr);
    assert!(second.stderr.contains("3 fresh, 0 stale"), "{}", second.stderr);
    quick::finish(&checkout)?;
    Truth::of(&checkout).check().map(|count| assert_eq!(count, IMAGES.len()))
}

pub fn a_read_only_folder_of_records_is_said_before_anything_is_built(world: &World) -> Result<(), Failed> {
    let checkout = quick::checkout(world, "readonly", &mut Random::new(1))?;
    let (first, second) = mounted(&checkout, "ro")?;
    for said in [first, second] {
        assert_eq!(said.code, 3, "{}", said.stderr);
        assert!(said.stderr.contains("cannot write records in"), "{}", said.stderr);
    }
    assert_eq!(checkout.builds(), 0);
    Ok(())
}

pub fn records_deleted_meanwhile_are_written_again(world: &World) -> Result<(), Failed> {
    let checkout = quick::checkout(world, "gone", &mut Random::new(1))?;
    let buildx = checkout.docker_config().join("cli-plugins/docker-buildx");
    let script = fs::read_to_string(&buildx)?;
    let delete = format!("rm -rf {}\nexec ", checkout.records_folder());
    fs::write(&buildx, script.replace("exec ", &delete))?;
    let said = checkout.build(&[])?;
    assert_eq!(said.code, 0, "{}", said.stderr);
    fs::write(&buildx, script)?;
    quick::finish(&checkout)?;
    Truth::of(&checkout).check().map(|count| assert_eq!(count, IMAGES.len()))
}

/// Every image has a record, so that the engine is asked for all of them at once.
pub fn sixty_four_descriptors_are_enough_to_ask_the_engine(world: &World) -> Result<(), Failed> {
    let root = world.folder("descriptors/checkout");
    let checkout = Checkout::of(world, "descriptors", root, None, env!("CARGO_BIN_EXE_crowd"))?;
    for index in 0..crowd::IMAGES {
        checkout.write(&format!("{}/file", crowd::folder(index)), "");
    }
    let inspection = inspect(&checkout.root, &crowd::images())
        .and_then(Inspection::whole)
        .map_err(|problems| format!("{problems:?}"))?;
    let store = DirStore::new(checkout.records_folder().join(Destination::Local.slug()));
    for (place, target) in inspection.targets.iter().enumerate() {
        let key = inspection.key(place);
        let reference = Destination::Local.content_reference(&key.image, &key.fingerprint)?;
        let record = Record::new(&key, &target.ingredients, reference, Digest::of("gone"), 0, 0);
        store.put(&key, &record)?;
    }
    let few = ["/bin/sh", "-c", "ulimit -n 64; exec \"$@\"", "sh"];
    let said = world.run(&checkout.below(&few, &["plan"]))?;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(said.stdout.matches("image missing").count(), crowd::IMAGES, "{}", said.stdout);
    Ok(())
}
