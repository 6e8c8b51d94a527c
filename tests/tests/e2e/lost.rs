//! An engine that is lost in mid-build: the run says so, and no record lies.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use layerwise_tests::random::Random;
use libtest_mimic::Failed;

use crate::checkout::Checkout;
use crate::quick;
use crate::truth::Truth;
use crate::world::{Said, World};

pub fn an_engine_lost_in_mid_build_leaves_no_false_record(world: &World) -> Result<(), Failed> {
    let seed = quick::seed();
    let mut random = Random::new(seed);
    let checkout = quick::checkout(world, "lost", &mut random)?;
    let engine = world.running.docker_host.strip_prefix("unix://").ok_or("no socket")?;
    let mut truth = Truth::of(&checkout);
    // How much a whole run sends.
    let whole = through(&checkout, engine, usize::MAX)?.1;
    for case in 0..quick::cases(6) {
        quick::edit(&checkout, &mut random);
        let bytes = random.below(whole);
        let (said, _) = through(&checkout, engine, bytes)?;
        // Nothing, or less than before, was to be built; or it is said, and nobody sees a panic.
        let fine = matches!(said.code, 0 | 1 | 3) && !said.stderr.contains("panicked");
        let held = if fine { truth.check() } else { Err(said.stderr.into()) };
        held.map_err(|why| {
            format!("seed {seed}, case {case}, {bytes} bytes: {}", why.message().unwrap_or("?"))
        })?;
    }
    quick::finish(&checkout)?;
    truth.check()?;
    truth.check_tags()
}

/// Builds with an engine whose connections all end after so many bytes that were sent to it. Answers how many were sent.
fn through(checkout: &Checkout<'_>, engine: &str, bytes: usize) -> Result<(Said, usize), Failed> {
    // A socket's path may not be long.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path)?;
    let sent = Arc::new(AtomicUsize::new(0));
    let (engine, all) = (engine.to_owned(), sent.clone());
    std::thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            if all.load(Ordering::SeqCst) > bytes {
                continue;
            }
            let Ok(far) = UnixStream::connect(&engine) else { return };
            let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) else { return };
            let all = all.clone();
            std::thread::spawn(move || forward(near, far, &all, bytes));
            std::thread::spawn(move || forward(far_too, near_too, &AtomicUsize::new(0), usize::MAX));
        }
    });
    let host = format!("unix://{}", path.display());
    let said = checkout.world.run(&checkout.command(&["build-lambdas"]).env("DOCKER_HOST", host))?;
    Ok((said, sent.load(Ordering::SeqCst)))
}

/// Sends on what comes, as long as no more than `limit` bytes were sent by all together.
fn forward(mut from: UnixStream, mut to: UnixStream, sent: &AtomicUsize, limit: usize) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if sent.fetch_add(read, Ordering::SeqCst) + read > limit {
            break;
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
