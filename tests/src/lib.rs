//! What the end-to-end tests share: a repository with one image per declaration pattern, a small one for the sample
//! monorepo's declarations, and temporary folders. Never part of the product.

pub mod patterns;
pub mod repository;
pub mod sample;
