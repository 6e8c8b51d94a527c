//! Waits for a condition by asking again and again until a deadline. Never waits longer, nor when it is true at once.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Whether `condition` came true within `limit`.
pub(crate) fn until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(15));
    }
}
