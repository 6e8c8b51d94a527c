//! stub
mod package;
pub use package::PythonPackage;
