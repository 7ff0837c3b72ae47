//! Documents as they are published: every service compiles, or its document is at fault.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use stackql_compile::{Coverage, Documents};
use stackql_provider::Verb;

fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/registry/providers/dist");
    if !shared.is_dir() {
        println!("skipped: no shared data");
        return None;
    }
    Some(shared)
}

/// Compiles every published version of a provider. `absent`: services whose document is not among them.
fn check(directory: &str, absent: &[&str]) {
    let Some(shared) = shared() else { return };
    let root = tempfile::tempdir().unwrap();
    let mut versions = 0;
    for archive in fs::read_dir(shared.join(directory)).unwrap() {
        let archive = archive.unwrap().path();
        let into = root.path().join(directory);
        tar::Archive::new(GzDecoder::new(File::open(&archive).unwrap())).unpack(&into).unwrap();
        let version = archive.file_stem().unwrap();
        let documents = Documents::open(&into.join(version)).unwrap();
        let coverage = Coverage::of(&documents);
        let name = format!("{directory} {}", version.display());
        let unexpected: Vec<_> = coverage.failed.iter().filter(|f| !absent.contains(&f.as_str())).collect();
        assert!(unexpected.is_empty(), "{name}: {unexpected:?} {:?}", coverage.problems);
        assert_eq!(coverage.problems.len(), coverage.failed.len(), "{name}: {:?}", coverage.problems);
        assert!(coverage.methods.get(&Verb::Select).is_some_and(|n| *n > 0), "{name}");
        assert!(coverage.unused.is_empty(), "{name}: {:?}", coverage.unused);
        versions += 1;
    }
    assert!(versions > 0);
}

macro_rules! published {
    ($($test:ident: $directory:literal absent $absent:expr;)*) => {
        $(#[test]
        fn $test() {
            check($directory, &$absent);
        })*
    };
}

published! {
    aws: "aws" absent ["ec2"];
    awscc: "awscc" absent [];
    azure: "azure" absent [];
    cloudflare: "cloudflare" absent [];
    digitalocean: "digitalocean" absent [];
    github: "github" absent [];
    google: "googleapis.com" absent ["compute"];
    kubernetes: "k8s" absent ["core_v1"];
    netlify: "netlify" absent [];
    okta: "okta" absent [];
    openai: "openai" absent [];
    sumologic: "sumologic" absent [];
}
