//! This monorepo's tasks: its images, and one call.

mod images;
#[cfg(test)]
mod snapshots;

fn main() {
    let _ = images::images();
}
