//! What a layer of a parent changes, read out of its archive. Keeps no content; knows nothing of registries.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use tar::{Archive, EntryType};

use crate::assemble::{Change, Kind, Node};
use crate::digest::{Digest, Digesting};

/// Reads the archive `layer`, compressed with gzip or not at all, to its end: its bytes are those of `digest`.
///
/// # Errors
/// When they are not, or are compressed in another way, or hold names that we do not take.
pub fn read(layer: impl Read, digest: Digest) -> io::Result<Vec<(String, Change)>> {
    let mut layer = Digesting::new(layer);
    let changes = unpack(&mut layer)?;
    match layer.finish() {
        (_, found, _) if found == digest => Ok(changes),
        (_, found, _) => Err(io::Error::other(format!("what is sent as {digest} has the digest {found}"))),
    }
}

fn unpack(layer: impl Read) -> io::Result<Vec<(String, Change)>> {
    let mut layer = BufReader::with_capacity(64 << 10, layer);
    match layer.fill_buf()? {
        [0x1f, 0x8b, ..] => {
            let mut content = BufReader::with_capacity(64 << 10, MultiGzDecoder::new(layer));
            let changes = changes(&mut content)?;
            finish(content.into_inner().into_inner())?;
            Ok(changes)
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Err(io::Error::other("it is compressed with zstd")),
        _ => {
            let changes = changes(&mut layer)?;
            finish(layer)?;
            Ok(changes)
        }
    }
}

/// Reads on to the end of what is behind an archive, so that all of it is verified.
fn finish(mut rest: impl Read) -> io::Result<()> {
    io::copy(&mut rest, &mut io::sink()).map(|_| ())
}

fn changes(content: &mut impl Read) -> io::Result<Vec<(String, Change)>> {
    let mut changes = Vec::new();
    let mut archive = Archive::new(&mut *content);
    for entry in archive.entries()? {
        let entry = entry?;
        let name = entry.path_bytes();
        let name = std::str::from_utf8(&name).map_err(|_| io::Error::other("a name in it is not UTF-8"))?;
        let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.contains(&"..") || name.contains(['\n', '\r']) {
            return Err(io::Error::other("a name in it is none that we take"));
        }
        let Some((last, folder)) = parts.split_last() else { continue };
        if *last == ".wh..wh..opq" {
            changes.push((folder.join("/"), Change::Empty));
        } else if let Some(removed) = last.strip_prefix(".wh.") {
            // Other names of this kind are notes of a storage driver.
            if !removed.starts_with(".wh.") {
                changes.push((
                    folder.iter().chain([&removed]).copied().collect::<Vec<_>>().join("/"),
                    Change::Remove,
                ));
            }
        } else {
            let header = entry.header();
            let kind = match header.entry_type() {
                EntryType::Directory => Kind::Folder,
                EntryType::Symlink => Kind::Link,
                EntryType::XGlobalHeader => continue,
                _ => Kind::File,
            };
            let node =
                Node { kind, mode: header.mode()? & 0o7777, user: header.uid()?, group: header.gid()? };
            changes.push((parts.join("/"), Change::Put(node)));
        }
    }
    finish(content)?;
    Ok(changes)
}

#[cfg(test)]
#[path = "parent_layer_tests.rs"]
mod tests;
