use std::io::Cursor;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tar::{Builder, Header};

use super::*;

/// What an archive of a test holds.
pub(in crate::registry) enum Entry {
    File(&'static str, Vec<u8>),
    Folder(&'static str),
    Other(&'static str, EntryType),
}

/// An archive, whose paths need not be sound.
pub(in crate::registry) fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for entry in entries {
        let (path, kind, content) = match entry {
            Entry::File(path, content) => (path, EntryType::Regular, content.as_slice()),
            Entry::Folder(path) => (path, EntryType::Directory, [].as_slice()),
            Entry::Other(path, kind) => (path, *kind, [].as_slice()),
        };
        append(&mut builder, path.as_bytes(), kind, content);
    }
    builder.into_inner().expect("written").finish().expect("compressed")
}

fn append(builder: &mut Builder<GzEncoder<Vec<u8>>>, path: &[u8], kind: EntryType, content: &[u8]) {
    let mut header = Header::new_gnu();
    // The library's own way refuses what must be tested.
    header.as_old_mut().name[..path.len()].copy_from_slice(path);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    if matches!(kind, EntryType::Symlink | EntryType::Link) {
        header.as_old_mut().linkname[..11].copy_from_slice(b"/etc/passwd");
    }
    header.set_cksum();
    builder.append(&header, content).expect("in memory");
}

fn file(path: &'static str) -> Entry {
    Entry::File(path, b"id: p\n".to_vec())
}

/// What unpacking says, and that nothing is outside the folder.
fn unpacked(archive: &[u8], limits: Limits) -> Result<Vec<PathBuf>, String> {
    let root = tempfile::tempdir().expect("a folder");
    let into = root.path().join("into");
    fs::create_dir(&into).expect("a folder");
    let result = unpack(Cursor::new(archive), archive.len() as u64, "v1.0.0", &into, limits);
    let around: Vec<_> = fs::read_dir(root.path()).expect("there").map(|e| e.expect("there").file_name()).collect();
    assert_eq!(around, ["into"]);
    result.map_err(|e| e.to_string())
}

fn refused(entries: &[Entry]) -> String {
    let entries: Vec<u8> = archive(entries);
    unpacked(&entries, Limits::GENEROUS).expect_err("refused")
}

#[test]
fn files_and_folders_are_unpacked_and_hidden_files_are_not() {
    let archive = archive(&[
        Entry::Folder("v1.0.0/"),
        Entry::Folder("v1.0.0/services/"),
        file("v1.0.0/services/s3.yaml"),
        file("./v1.0.0/provider.yaml"),
        file("v1.0.0/.DS_Store"),
        file("v1.0.0/services/._s3.yaml"),
    ]);
    let files = unpacked(&archive, Limits::GENEROUS).expect("unpacked");
    assert_eq!(files, [PathBuf::from("services/s3.yaml"), "provider.yaml".into()]);
}

#[test]
fn an_archive_that_was_decompressed_on_its_way_is_unpacked() {
    let mut bare = Vec::new();
    flate2::read::GzDecoder::new(archive(&[file("v1.0.0/provider.yaml")]).as_slice())
        .read_to_end(&mut bare)
        .expect("whole");
    assert_eq!(unpacked(&bare, Limits::GENEROUS).expect("unpacked"), [PathBuf::from("provider.yaml")]);
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    for path in [
        "/etc/passwd",
        "../v1.0.0/provider.yaml",
        "v1.0.0/../../provider.yaml",
        "v1.0.0/services/../../../x",
        "v1.0.0\\x",
        "C:/v1.0.0/x",
        "v1.0.0/a\nb",
    ] {
        let message = refused(&[file(path)]);
        assert!(message.contains("a path that leads elsewhere"), "{path}: {message}");
    }
    assert_eq!(
        refused(&[file("v2.0.0/provider.yaml")]),
        "the archive holds 'v2.0.0/provider.yaml' where all of it belongs below 'v1.0.0/'"
    );
    refused(&[file("v1.0.0")]);
}

#[test]
fn links_devices_and_pipes_are_refused() {
    for (kind, what) in [
        (EntryType::Symlink, "a link"),
        (EntryType::Link, "a link"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
    ] {
        let message = refused(&[file("v1.0.0/provider.yaml"), Entry::Other("v1.0.0/x", kind)]);
        let expect = format!("the archive holds 'v1.0.0/x', {what}; only files and folders belong in it");
        assert_eq!(message, expect);
    }
}

#[test]
fn what_is_there_twice_is_refused() {
    let message = refused(&[file("v1.0.0/provider.yaml"), file("v1.0.0/./provider.yaml")]);
    assert_eq!(message, "the archive holds 'provider.yaml' twice");
}

#[test]
fn number_size_and_ratio_have_limits() {
    let limits = Limits { entries: 2, unpacked: 64 << 10, ratio: 10, small: 100 << 10 };
    let three = archive(&[file("v1.0.0/a"), file("v1.0.0/b"), file("v1.0.0/provider.yaml")]);
    assert_eq!(unpacked(&three, limits).expect_err("many"), "the archive holds more than 2 files and folders");
    let large = archive(&[Entry::File("v1.0.0/a", vec![0; 128 << 10])]);
    assert_eq!(unpacked(&large, limits).expect_err("large"), "the archive unpacks to more than 65536 bytes");
    let limits = Limits { small: 8 << 10, ..limits };
    assert_eq!(unpacked(&large, limits).expect_err("a bomb"), "the archive unpacks to more than 10 times its size");
}

#[test]
fn a_long_name_counts() {
    // A name of 1 MiB, which whoever reads it holds in memory.
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    append(&mut builder, b"././@LongLink", EntryType::GNULongName, &vec![b'a'; 1 << 20]);
    append(&mut builder, b"v1.0.0/a", EntryType::Regular, b"");
    let bomb = builder.into_inner().expect("written").finish().expect("compressed");
    let limits = Limits { small: 8 << 10, ..Limits::GENEROUS };
    assert_eq!(unpacked(&bomb, limits).expect_err("a bomb"), "the archive unpacks to more than 200 times its size");
}

#[test]
fn what_is_not_a_whole_archive_is_refused() {
    let whole = archive(&[Entry::File("v1.0.0/provider.yaml", (0..=255).cycle().take(40_000).collect())]);
    for end in [0, 1, 20, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        let message = unpacked(&whole[..end], Limits::GENEROUS).expect_err("cut");
        assert!(message.starts_with("the archive cannot be read"), "{end}: {message}");
    }
    assert!(unpacked(b"<html>not found</html>", Limits::GENEROUS).is_err());
    let nothing = archive(&[Entry::Folder("v1.0.0/")]);
    assert_eq!(unpacked(&nothing, Limits::GENEROUS).expect_err("empty"), "the archive holds no provider.yaml");
}

proptest! {
    #[test]
    fn no_path_leads_out(name in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(Some(path)) = path(&name, "v1.0.0") {
            prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
        }
    }

    #[test]
    fn no_path_of_likely_parts_leads_out(parts in prop::collection::vec("(v1\\.0\\.0|\\.\\.|\\.|/|a|\\\\|C:|)", 0..8)) {
        let name = parts.join("/");
        if let Ok(Some(path)) = path(name.as_bytes(), "v1.0.0") {
            prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
            prop_assert!(!name.starts_with('/'));
        }
    }

    #[test]
    fn bytes_that_are_no_archive_only_fail(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&bytes).expect("in memory");
        prop_assert!(unpacked(&encoder.finish().expect("in memory"), Limits::GENEROUS).is_err());
    }
}
