//! Hashes what this crate is made of: compiled documents that are kept are of one program's making.

#![expect(clippy::disallowed_methods, reason = "a build script reads the sources it is told of by cargo")]

use std::path::Path;
use std::{env, fs};

use sha2::{Digest, Sha256};

fn main() {
    let mut hash = Sha256::new();
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    for folder in ["src", "../stackql-provider/src"] {
        println!("cargo::rerun-if-changed={folder}");
        add(&Path::new(&here).join(folder), &mut hash);
    }
    println!("cargo::rustc-env=MADE_OF={}", hex::encode(hash.finalize()));
}

fn add(folder: &Path, hash: &mut Sha256) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|e| Some(e.ok()?.path()));
    let mut paths: Vec<_> = entries.collect();
    paths.sort();
    for path in paths {
        match path.is_dir() {
            true => add(&path, hash),
            false => hash.update(fs::read(&path).unwrap_or_default()),
        }
    }
}
