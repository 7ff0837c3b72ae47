//! Compiled services that are kept: read by the next who asks, and never when what they were made of has changed.

use std::fs;
use std::path::{Path, PathBuf};

use stackql_compile::DocumentProvider;
use stackql_provider::LazyProvider;
use tempfile::TempDir;

/// The documents of a case, in a folder that may be changed.
fn world(case: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(case).join("mock");
    copy(&from, &root.path().join("src/mock"));
    root
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => fs::write(&to, fs::read(entry.path()).unwrap()).unwrap(),
        }
    }
}

/// The columns of the one table, as another process finds them.
fn columns(root: &TempDir) -> Vec<String> {
    let installed =
        DocumentProvider::open(&root.path().join("src/mock/v1.0.0"), Some(&root.path().join("kept"))).unwrap();
    installed.resource(0, 0).unwrap().columns.into_iter().map(|c| c.name).collect()
}

fn cached_files(root: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.path().join("kept")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn change(root: &TempDir, file: &str, from: &str, to: &str) {
    let path = root.path().join("src/mock/v1.0.0").join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn what_is_kept_is_read_and_what_is_damaged_made_again() {
    let root = world("resources_apart_and_files");
    assert_eq!(columns(&root), ["id", "owner"]);
    let [file] = &*cached_files(&root) else { panic!("one service, one file") };
    let whole = fs::read(file).unwrap();
    let written = fs::metadata(file).unwrap().modified().unwrap();
    assert_eq!(columns(&root), ["id", "owner"]);
    assert_eq!(fs::metadata(file).unwrap().modified().unwrap(), written);
    fs::write(file, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(columns(&root), ["id", "owner"]);
    assert_eq!(fs::read(file).unwrap(), whole);
}

#[test]
fn a_changed_document_is_never_read_in_its_old_form() {
    let is_first = "    resources:\n      $ref: mock/v1.0.0/resources/ships.yaml\n";
    for resources_first in [false, true] {
        let root = world("resources_apart_and_files");
        if resources_first {
            change(&root, "provider.yaml", is_first, "");
            change(&root, "provider.yaml", "    service:\n", &format!("{is_first}    service:\n"));
        }
        assert_eq!(columns(&root), ["id", "owner"]);
        change(&root, "services/schemas.yaml", "owner:", "keeper:");
        assert_eq!(columns(&root), ["id", "keeper"], "a file that another refers to, {resources_first}");
        change(&root, "resources/ships.yaml", "openAPIDocKey: '200'", "openAPIDocKey: '200', objectKey: $.none");
        assert_eq!(columns(&root), [""; 0], "the resources, {resources_first}");
        change(&root, "resources/ships.yaml", ", objectKey: $.none", "");
        change(&root, "services/ships.yaml", "'schemas.yaml#/Ship'", "'schemas.yaml#/Owner'");
        assert_eq!(columns(&root), ["name"], "the service's own, {resources_first}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_done_without() {
    let root = world("items_without_a_key");
    fs::write(root.path().join("kept"), "no folder").unwrap();
    assert_eq!(columns(&root), ["id"]);
}
