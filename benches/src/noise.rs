//! Files that no image reads: where a monorepo has them. They lie beside inputs and in places of their own.

use crate::layout;
use crate::size::Size;

/// Files of noise in one folder.
const PER_FOLDER: usize = 20;

/// The path of the noise file number `index`.
#[must_use]
pub fn path(size: Size, index: usize) -> String {
    let (folder, file) = (index / PER_FOLDER, index % PER_FOLDER);
    let lambda = layout::lambda(folder % size.lambdas());
    match folder % 20 {
        0..=7 => format!("web/node_modules/module-{folder}/lib/index-{file}.js"),
        8..=11 => format!("data/exports/part-{:02}/batch-{folder}/rows-{file}.csv", folder % 64),
        12..=14 => format!("docs/chapter-{:02}/page-{folder}/figure-{file}.svg", folder % 32),
        15..=16 => format!("notebooks/study-{folder}/cell-{file}.ipynb"),
        17 => format!("{lambda}/tests/case-{folder}/test_{file}.py"),
        18 => format!("{lambda}/node_modules/tool-{folder}/index-{file}.js"),
        _ => format!("{}/tests/unit_{folder}/test_{file}.py", layout::package(folder % 2)),
    }
}
