//! An image as one archive, in
//! [OCI's layout](https://github.com/opencontainers/image-spec/blob/main/image-layout.md): engines and builders write it,
//! engines read it. Streams it; knows nothing of engines.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};

use fs_err as fs;
use serde_json::json;
use tar::{Archive, EntryType, Header};

use super::depot::{Parent, Product, unreadable};
use super::{Shelf, parent_layer};
use crate::assemble::{Index, Manifest, TIME, WhyNot};
use crate::digest::Digest;
use crate::image_ref::ImageRef;
use crate::media_type::OCI_INDEX;
use crate::platform::Platform;

/// What a manifest or a configuration may measure.
const LARGEST: u64 = 16 << 20;

/// Reads the image out of `archive`, for `platform`, and keeps all of it on `shelf`. `digest` is what it is known by, where
/// that is known.
///
/// # Errors
/// [`WhyNot`].
pub fn read(
    archive: impl Read,
    reference: &ImageRef,
    digest: Option<Digest>,
    platform: Platform,
    shelf: &Shelf,
) -> Result<Parent, WhyNot> {
    let unreadable = |why: &dyn std::fmt::Display| unreadable(reference, why);
    let documents = unpack(archive, shelf).map_err(|error| unreadable(&error))?;
    for document in documents.values() {
        shelf.keep_document(document).map_err(|error| unreadable(&error))?;
    }
    let named = match digest {
        Some(digest) => Some(digest),
        None => documents.get(INDEX).and_then(|index| Some(Index::parse(index)?.manifests.first()?.digest)),
    };
    let named = named.and_then(|digest| Some((digest, documents.get(&digest.hex())?)));
    let (digest, bytes) = named.ok_or_else(|| unreadable(&"the archive does not hold it"))?;
    let digest = match Index::parse(bytes) {
        None => digest,
        Some(index) => index
            .manifest_for(platform)
            .ok_or_else(|| unreadable(&format!("it has no manifest for {platform}")))?,
    };
    let manifest =
        documents.get(&digest.hex()).ok_or_else(|| unreadable(&"the archive lacks its manifest"))?;
    shelf.make_listing(digest, &Manifest::parse(manifest)?).map_err(|error| unreadable(&error))?;
    shelf.parent(reference, digest)?.ok_or_else(|| unreadable(&"the archive lacks a part of it"))
}

const INDEX: &str = "index.json";
const BLOBS: &str = "blobs/sha256/";

/// The documents by the digits of their digests, and the index; what layers change goes to the shelf.
fn unpack(archive: impl Read, shelf: &Shelf) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut documents = BTreeMap::new();
    for entry in Archive::new(archive).entries()? {
        let entry = entry?;
        let size = entry.size();
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut content = BufReader::with_capacity(64 << 10, entry);
        let whole = |mut content: BufReader<_>| {
            let mut bytes = Vec::new();
            Read::read_to_end(&mut content, &mut bytes).map(|_| bytes)
        };
        if path == INDEX {
            documents.insert(path, whole(content)?);
            continue;
        }
        let hex = path.strip_prefix(BLOBS).unwrap_or_default();
        let Ok(digest) = Digest::parse(&format!("sha256:{hex}")) else { continue };
        if size <= LARGEST && content.fill_buf()?.first() == Some(&b'{') {
            let bytes = whole(content)?;
            if Digest::of(&bytes) == digest {
                documents.insert(hex.to_owned(), bytes);
            }
        } else if size > 0 && shelf.parent_layer(digest).is_none() {
            shelf.keep_parent_layer(digest, &parent_layer::read(content, digest)?)?;
        }
    }
    Ok(documents)
}

/// The archive of an image whose parent's layers the reader has: only what is new is in it.
///
/// # Errors
/// Any of the file system; it names the path.
pub fn write(product: &Product<'_>) -> io::Result<Box<dyn Read>> {
    let manifest = product.manifest.bytes();
    let digest = Digest::of(&manifest);
    let descriptor = |tag: &ImageRef| {
        json!({
            "mediaType": product.manifest.media_type(),
            "digest": digest,
            "size": manifest.len(),
            "annotations": {
                "io.containerd.image.name": full_name(tag),
                "org.opencontainers.image.ref.name": tag.tag(),
            },
        })
    };
    let index = json!({
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": product.tags.iter().map(descriptor).collect::<Vec<_>>(),
    });
    let mut archive: Box<dyn Read> = Box::new(io::empty());
    let mut add = |name: &str, size: u64, content: Box<dyn Read>| -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_path(name)?;
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(TIME);
        header.set_size(size);
        header.set_cksum();
        let padding = io::repeat(0).take(size.wrapping_neg() % 512);
        let before = std::mem::replace(&mut archive, Box::new(io::empty()));
        let header = io::Cursor::new(header.as_bytes().to_vec());
        archive = Box::new(before.chain(header).chain(content).chain(padding));
        Ok(())
    };
    let mut add_bytes =
        |name: &str, bytes: Vec<u8>| add(name, bytes.len() as u64, Box::new(io::Cursor::new(bytes)));
    add_bytes("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec())?;
    add_bytes(INDEX, index.to_string().into_bytes())?;
    add_bytes(&format!("{BLOBS}{}", digest.hex()), manifest.clone())?;
    add_bytes(&format!("{BLOBS}{}", product.manifest.config.digest.hex()), product.config.to_vec())?;
    for blob in product.blobs {
        if let Some(path) = &blob.file {
            add(&format!("{BLOBS}{}", blob.digest.hex()), blob.size, Box::new(fs::File::open(path)?))?;
        }
    }
    Ok(Box::new(archive.chain(io::repeat(0).take(1024))))
}

/// The name by which containerd knows what people call `image`.
fn full_name(image: &ImageRef) -> String {
    let path = image.path();
    match image.registry() {
        Some(_) => image.to_string(),
        None if path.contains('/') => format!("docker.io/{image}"),
        None => format!("docker.io/library/{image}"),
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
