//! Finds dependencies that a manifest declares and no file of the package uses.

use std::path::Path;

use super::Finding;
use super::arrows::names;
use crate::workspace::Package;

/// Checks one member of the workspace; `text` is its manifest, `sources` are the contents of its Rust files.
pub(super) fn check(package: &Package, manifest: &Path, text: &str, sources: &[&str]) -> Vec<Finding> {
    let unused = package.dependencies.iter().filter(|dependency| {
        let name = dependency.name.replace('-', "_");
        !sources.iter().any(|source| has_word(source, &name))
    });
    unused
        .map(|dependency| Finding {
            file: manifest.to_owned(),
            line: text.lines().position(|line| names(line, &dependency.name)).map_or(1, |index| index + 1),
            advice: format!("remove {}: no file of {} names it", dependency.name, package.name),
        })
        .collect()
}

fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}
