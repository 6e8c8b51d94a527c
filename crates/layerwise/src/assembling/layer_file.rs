//! A layer as a file: an archive of what it puts, compressed, with its digests. The same puts give the same bytes on
//! every machine. Reads the repository's files and verifies each; never decides what is in a layer.

use std::io::{self, BufWriter, Read, Write};

use camino::Utf8Path;
use flate2::Compression;
use flate2::write::GzEncoder;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use tar::{Builder, EntryType, Header};

use crate::assemble::{Layer, Node, Put, TIME};
use crate::digest::{Digest, Digesting};
use crate::process::Cancel;
use crate::repo_path::RepoPath;

/// What is known of a layer that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFile {
    /// Of the file.
    pub digest: Digest,
    /// Of the file, in bytes.
    pub size: u64,
    /// Of what is compressed in it: OCI's `diff_id`.
    pub content: Digest,
}

/// Why a layer was not written.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// A file is no longer what it was when the fingerprint was made.
    #[error("{path} is no longer what it was")]
    Moved {
        /// The file.
        path: RepoPath,
    },
    /// Cancelled by the user.
    #[error("cancelled")]
    Cancelled,
    /// The disk did not let us; the message names the path.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// Little is gained by more, and it takes longer: 120 MB of programs in 2.4 s give 38.7 MB, at level 6 in 8.4 s 35.9 MB.
const LEVEL: u32 = 2;
/// Bytes that are written at once.
const BUFFER: usize = 64 << 10;

/// Writes `layer` to `path`; its files are below `root`.
pub fn write(
    layer: &Layer,
    root: &Utf8Path,
    path: &Utf8Path,
    cancel: &Cancel,
) -> Result<LayerFile, LayerError> {
    let file = Digesting::new(fs::File::create(path)?);
    let compressed = GzEncoder::new(file, Compression::new(LEVEL));
    let mut archive = Builder::new(BufWriter::with_capacity(BUFFER, Digesting::new(compressed)));
    for (name, put) in &layer.puts {
        if cancel.is_cancelled() {
            return Err(LayerError::Cancelled);
        }
        match put {
            Put::Folder(Node { mode, user, group, .. }) => {
                let mut header = header(EntryType::Directory, *mode, 0);
                header.set_uid(*user);
                header.set_gid(*group);
                archive.append_data(&mut header, format!("{name}/"), io::empty())?;
            }
            Put::Link { target } => {
                archive.append_link(&mut header(EntryType::Symlink, 0o777, 0), name, target)?;
            }
            Put::File { from, digest, executable } => {
                let mode = if *executable { 0o755 } else { 0o644 };
                append_file(&mut archive, name, &from.on_disk(root), mode, *digest, cancel).map_err(
                    |error| match error {
                        LayerError::Moved { .. } => LayerError::Moved { path: from.clone() },
                        other => other,
                    },
                )?;
            }
        }
    }
    let content = archive.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    let (compressed, content, _) = content.finish();
    // It is sent from here and deleted: nothing has to survive a power cut.
    let (_, digest, size) = compressed.finish()?.finish();
    Ok(LayerFile { digest, size, content })
}

/// The file must be the one whose digest is known, to the last byte.
fn append_file(
    archive: &mut Builder<impl Write>,
    name: &str,
    from: &Utf8Path,
    mode: u32,
    digest: Digest,
    cancel: &Cancel,
) -> Result<(), LayerError> {
    let moved = || LayerError::Moved { path: RepoPath::root() };
    let file = match fs::File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(moved()),
        file => file?,
    };
    let size = file.metadata()?.len();
    let mut content = Watched { content: Digesting::new(file.take(size)), cancel };
    let appended = archive.append_data(&mut header(EntryType::Regular, mode, size), name, &mut content);
    if cancel.is_cancelled() {
        return Err(LayerError::Cancelled);
    }
    appended?;
    let (_, found, read) = content.content.finish();
    if read == size && found == digest { Ok(()) } else { Err(moved()) }
}

/// Names are set by whoever appends it, also those that are longer than a header.
fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(TIME);
    header.set_size(size);
    header
}

/// Ends early when the user wants it.
struct Watched<'a, R> {
    content: R,
    cancel: &'a Cancel,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        self.content.read(buffer)
    }
}

#[cfg(test)]
#[path = "layer_file_tests.rs"]
mod tests;
