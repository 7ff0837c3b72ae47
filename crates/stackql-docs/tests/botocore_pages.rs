//! The classic style against pages that StackQL's own generator wrote from the same source, botocore 1.26.0.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test stops at what it cannot read"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use stackql_docs::{Style, pages};
use stackql_provider::{CompiledProvider, Compression, write};

/// A field of volumes that the old pages call as the parameter of its INSERT, and its own name.
const LENT: &str = "| `AvailabilityZone` | `string` | The Availability Zone for the volume. |";
const OWN: &str = "| `availabilityZone` | `string` | The Availability Zone for the volume. |";

const SOURCE: &str = "botocore==1.26.0";

#[test]
fn classic_pages_are_reproduced() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(expected) = expected_pages(&root.join("../shared/pages")) else {
        println!("skipped: no shared data");
        return;
    };
    let models = match models(&root.join("target/models")) {
        Ok(models) => models,
        Err(reason) => {
            println!("skipped: {SOURCE} is not to be had: {reason}");
            return;
        }
    };
    let definitions = definitions(&models);
    let made: BTreeMap<String, String> = pages(&definitions, Some("ec2"), Style::Classic)
        .unwrap()
        .map(|p| p.unwrap())
        .map(|p| (p.path, p.text))
        .collect();

    let mut differing = Vec::new();
    for (name, text) in &expected {
        let made = made.get(&format!("aws/ec2/{name}/index.md")).map_or("", String::as_str);
        let text = text.replace(LENT, OWN);
        if by_set(made) != by_set(&text) {
            differing.push(format!("{name}: {}", first_difference(&by_set(made), &by_set(&text))));
        }
    }
    assert!(
        expected.len() == 15 && differing.is_empty(),
        "{} pages, differing:\n{}",
        expected.len(),
        differing.join("\n")
    );
}

/// The pages by resource, if they are there.
fn expected_pages(folder: &Path) -> Option<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    for entry in folder.read_dir().ok()? {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        pages.insert(name, std::fs::read_to_string(&path).unwrap());
    }
    Some(pages)
}

/// The page with its field rows sorted: their order in the old pages is arbitrary.
fn by_set(page: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = page.split('\n').collect();
    let at = |heading| lines.iter().position(|l| *l == heading);
    if let (Some(start), Some(end)) = (at("## Fields"), at("## Methods"))
        && end > start + 3
    {
        lines[start + 3..end].sort_unstable();
    }
    lines
}

fn first_difference(made: &[&str], expected: &[&str]) -> String {
    let longest = made.len().max(expected.len());
    let differs = |i: &usize| made.get(*i) != expected.get(*i);
    let line = |lines: &[&str], i: usize| lines.get(i).copied().unwrap_or("(no line)").to_owned();
    match (0..longest).find(differs) {
        Some(i) => format!("line {}\n  made     {}\n  expected {}", i + 1, line(made, i), line(expected, i)),
        None => "equal".to_owned(),
    }
}

/// The folder of models: the one named by the environment, else one below `target`, obtained when it is missing.
fn models(target: &Path) -> Result<PathBuf, String> {
    let named = std::env::var_os("STACKQL_BOTOCORE_1_26");
    if let Some(named) = named {
        return Ok(PathBuf::from(named));
    }
    let unpacked = target.join("botocore-1.26.0");
    let models = unpacked.join("botocore/data");
    // A wheel's list of files is its last one: what lacks it was cut off while it was unpacked.
    if unpacked.join("botocore-1.26.0.dist-info/RECORD").is_file() {
        return Ok(models);
    }
    let download = target.join("download");
    let folder = download.to_string_lossy();
    python(&["-m", "pip", "download", "--quiet", "--no-deps", "--dest", &folder, SOURCE])?;
    let wheel = download.join("botocore-1.26.0-py3-none-any.whl");
    python(&["-m", "zipfile", "-e", &wheel.to_string_lossy(), &unpacked.to_string_lossy()])?;
    Ok(models)
}

fn python(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("python3").args(arguments).output().map_err(|e| format!("python3: {e}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}

fn definitions(models: &Path) -> CompiledProvider {
    let source = stackql_compile::aws(models, &["ec2".to_owned()], stackql_compile::AWS_OVERLAY, false).unwrap();
    CompiledProvider::new(write(&source, Compression::Fast).unwrap()).unwrap()
}
