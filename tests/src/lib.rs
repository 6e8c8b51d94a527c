//! What the end-to-end tests share: a repository with one image per declaration pattern, one whose images build in an
//! instant, one with many images, one with a secret of every kind, one on a parent that moves, the sample monorepo's
//! under other names, a small one for its declarations, temporary folders, and the judges of the gate, of the ignore rules
//! and of assembled images. Never part of the product.

pub mod conformance;
pub mod crowd;
pub mod guarded;
pub mod ignore;
pub mod judge;
pub mod locked;
pub mod patterns;
pub mod quick;
pub mod random;
pub mod renamed;
pub mod repository;
pub mod sample;
