//! Tests of `parent_layer`.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use super::*;

fn archive(entries: &[(&str, EntryType, u32)]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (name, kind, mode) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_uid(7);
        header.set_gid(9);
        header.set_size(if *kind == EntryType::Regular { 3 } else { 0 });
        let content: &[u8] = if *kind == EntryType::Regular { b"abc" } else { b"" };
        archive.append_data(&mut header, name, content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn layer() -> Vec<u8> {
    let long = format!("opt/{}x", "long/".repeat(40));
    archive(&[
        ("./", EntryType::Directory, 0o755),
        ("./opt/", EntryType::Directory, 0o2770),
        (&long, EntryType::Regular, 0o644),
        ("opt/link", EntryType::Symlink, 0o777),
        ("opt/same", EntryType::Link, 0o644),
        ("opt/.wh.gone", EntryType::Regular, 0),
        ("srv/.wh..wh..opq", EntryType::Regular, 0),
        (".wh..wh.plnk", EntryType::Directory, 0),
    ])
}

#[test]
fn changes_are_read_whether_compressed_or_not() {
    let (plain, packed) = (layer(), packed(&layer()));
    let found = read(plain.as_slice(), Digest::of(&plain)).unwrap();
    insta::assert_debug_snapshot!(found);
    assert_eq!(read(packed.as_slice(), Digest::of(&packed)).unwrap(), found);
    // Two members of gzip, one after the other, are one content.
    let (one, two) = plain.split_at(512);
    let two_members = [self::packed(one), self::packed(two)].concat();
    assert_eq!(read(two_members.as_slice(), Digest::of(&two_members)).unwrap(), found);
}

#[test]
fn what_is_not_whole_or_not_known_is_an_error() {
    let packed = packed(&layer());
    let fails = |bytes: &[u8], digest: Digest| read(bytes, digest).unwrap_err().to_string();
    assert!(fails(&packed, Digest::of("other")).contains("has the digest"));
    assert!(!fails(&packed[..packed.len() / 2], Digest::of(&packed)).is_empty());
    assert!(!fails(&[&packed[..30], b"broken", &packed[36..]].concat(), Digest::of(&packed)).is_empty());
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0, 0];
    assert!(fails(&zstd, Digest::of(zstd)).contains("zstd"));
    let line_break = archive(&[("a\nb", EntryType::Regular, 0o644)]);
    assert!(fails(&line_break, Digest::of(&line_break)).contains("none that we take"));
}
