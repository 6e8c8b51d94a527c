//! Where things lie in a generated repository: what the generator writes and the declarations name.

use crate::size::Size;

/// The two local packages; the second needs the first.
pub const PACKAGES: [&str; 2] = ["bench_core", "bench_text"];
/// Modules beside each handler, in its folder `lib`.
pub const LIB_FILES: usize = 4;
/// Files in each Lambda's folder `assets`.
pub const ASSETS: usize = 12;

/// The folder of a package.
#[must_use]
pub fn package(place: usize) -> String {
    format!("base-images/{}", PACKAGES[place])
}

/// The folder of a package's modules: one has the `src` layout, the other has not.
#[must_use]
pub fn modules(place: usize) -> String {
    let name = PACKAGES[place];
    if place == 0 { format!("base-images/{name}/src/{name}") } else { format!("base-images/{name}/{name}") }
}

/// The name of a Lambda.
#[must_use]
pub fn lambda_name(index: usize) -> String {
    format!("worker-{index:03}")
}

/// The folder of a Lambda.
#[must_use]
pub fn lambda(index: usize) -> String {
    format!("lambdas/worker_{index:03}")
}

/// A module that Lambdas share.
#[must_use]
pub fn shared(index: usize) -> String {
    format!("lambdas/shared/common_{index:02}.py")
}

/// The shared modules that a Lambda copies.
#[must_use]
pub fn shared_of(size: Size, lambda: usize) -> [usize; 2] {
    [lambda % size.shared(), (lambda * 7 + 3) % size.shared()]
}
