//! A library by which programs see another time of day, for tests of what must not depend on the clock. Fetched when it is
//! first asked for; never a part of what `up` provides.

use crate::{
    SandboxError,
    downloads::Downloads,
    folder::Folder,
    host::Host,
    packages::{self, PackageSet},
    root::remove,
};
use camino::Utf8PathBuf;

/// libfaketime, unpacked in `folder`, for `LD_PRELOAD`.
pub(crate) fn library(folder: &Folder, host: &Host) -> Result<Utf8PathBuf, SandboxError> {
    let place = folder.path().join("clock");
    let libraries = host.architecture.library_folder();
    let library = place.join(format!("usr/lib/{libraries}/faketime/libfaketime.so.1"));
    if library.exists() {
        return Ok(library);
    }
    let set = PackageSet::clock(host.architecture, host.release);
    let downloads = Downloads::open(Downloads::default_folder()?, || {})?;
    downloads.fetch_packages(std::slice::from_ref(&set), host.release)?;
    let partial = folder.tmp().join("clock");
    remove(&partial)?;
    if let Some(packages) = downloads.get(&set.key()) {
        packages::unpack(&packages, &partial)?;
    }
    remove(&place)?;
    fs_err::rename(partial, place)?;
    Ok(library)
}
