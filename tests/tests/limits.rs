//! The gate where files, memory or descriptors are scarce: the program itself, in a shell that sets the limits.

use camino::Utf8PathBuf;
use fs_err as fs;
use layerwise::process::{Cancel, Command};
use layerwise_tests::crowd::{IMAGES, folder};
use layerwise_tests::repository::Repository;

/// A repository in which each image has one small file.
fn crowd() -> Repository {
    let repository = Repository::new();
    for index in 0..IMAGES {
        repository.write(&format!("{}/file", folder(index)), &index.to_string());
    }
    repository
}

/// What `plan --offline` says under `limits`.
fn plan(repository: &Repository, limits: &str) -> String {
    let script = format!("{limits}; exec \"$0\" \"$@\"");
    let program = Utf8PathBuf::from(env!("CARGO_BIN_EXE_crowd"));
    let command = Command::new("/bin/sh", repository.root())
        .args(["-c", &script, program.as_str(), "--root", repository.root().as_str(), "plan", "--offline"])
        .env_remove("LAYERWISE_RECORDS")
        .env("RUST_MIN_STACK", "262144")
        .env("MALLOC_ARENA_MAX", "1");
    let output = command.run(&Cancel::default()).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn sixty_four_descriptors_are_enough_to_plan() {
    let repository = crowd();
    // More levels than descriptors.
    repository.write(&format!("{}/{}file", folder(0), "deep/".repeat(90)), "");
    let said = plan(&repository, "ulimit -n 64");
    assert_eq!(said.lines().filter(|line| line.starts_with("stale")).count(), IMAGES, "{said}");
    assert_eq!(said, plan(&repository, "true"));
}

/// A file that is larger than the memory that there is; it has no blocks on the disk.
#[test]
fn a_large_input_is_digested_in_little_memory() {
    let repository = crowd();
    let megabytes = std::env::var("LAYERWISE_MEGABYTES").map_or(256, |size| size.parse().unwrap());
    let file = fs::File::create(repository.root().join(folder(0)).join("large")).unwrap();
    file.set_len(megabytes << 20).unwrap();
    let said = plan(&repository, "ulimit -v 131072");
    assert!(said.contains("never built"), "{said}");
}

#[test]
fn a_hundred_thousand_inputs_are_one_image() {
    let repository = crowd();
    for folder_number in 0..100 {
        let below = repository.root().join(folder(0)).join(folder_number.to_string());
        fs::create_dir_all(&below).unwrap();
        for number in 0..1_000 {
            fs::File::create(below.join(number.to_string())).unwrap();
        }
    }
    let said = plan(&repository, "ulimit -v 524288");
    assert_eq!(said.lines().filter(|line| line.starts_with("stale")).count(), IMAGES, "{said}");
}
