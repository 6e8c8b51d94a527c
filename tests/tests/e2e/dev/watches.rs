//! A system that watches no more folders: it is said with its remedy, and a loop that goes on serves what it has.

use libtest_mimic::{Completion, Failed};

use super::{Dev, PING, answering};
use crate::checkout::Checkout;
use crate::world::World;

/// A user of its own may watch so many folders, and then becomes the loop.
const LIMITED: &str = "echo \"$0\" > /proc/sys/user/max_inotify_watches || exit 9; exec \"$@\"";

fn begin<'a, 'b>(checkout: &'b Checkout<'a>, watches: &str) -> Result<Dev<'a, 'b>, Failed> {
    let words = ["unshare", "--user", "--map-root-user", "/bin/sh", "-c", LIMITED, watches];
    Dev::begin_below(checkout, &words, &["--port", "0", "local-ping"], |command| command)
}

pub fn dev_says_when_no_more_folders_can_be_watched(world: &World) -> Result<Completion, Failed> {
    let probe = "echo 1000 > /proc/sys/user/max_inotify_watches";
    let probe = ["unshare", "--user", "--map-root-user", "/bin/sh", "-c", probe];
    let checkout = Checkout::renamed(world, "dev-watches")?;
    let can = world.run(&world.command(probe[0], &checkout.root).args(probe[1..].iter().copied()))?;
    if can.code != 0 {
        return Ok(Completion::ignored_with(format!("no limit of our own: {}", can.stderr.trim())));
    }
    let remedy = "hint: raise it: `sysctl fs.inotify.max_user_watches=524288`";
    let dev = begin(&checkout, "3")?;
    dev.wait_for("error: no more folders can be watched")?;
    dev.wait_for(remedy)?;
    assert_eq!(dev.ended()?, 3);

    // The declarations' own crate is watched too.
    let dev = begin(&checkout, "60")?;
    dev.wait_for(" Keys ")?;
    for number in 0..100 {
        checkout.write(&format!("xtask/src/{number}/mod.rs"), "");
    }
    dev.wait_for("error: no more folders can be watched")?;
    dev.wait_for(remedy)?;
    // What is watched still counts.
    checkout.write(PING, &answering("'watched'"));
    assert_eq!(dev.ask("local-ping", "{}")?, "watched");
    assert_eq!(dev.times("error: no more folders"), 1, "{}", dev.told());
    dev.quit()?;
    Ok(Completion::Completed)
}
