//! `cargo xtask tidy`: checks of this code base that neither the compiler nor clippy performs.
//!
//! Owns the collection and format of findings; [`arrows`] and [`unused`] check manifests, [`sources`] and [`names`]
//! check Rust files.

mod arrows;
mod names;
mod sources;
#[cfg(test)]
mod tests;
mod unused;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{Workspace, answer};

/// Prints each finding as `file:line: what to do`; fails if there are any.
pub(crate) fn tidy() -> Result<(), String> {
    let workspace = Workspace::read()?;
    let listed = answer(
        Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.rs"])
            .current_dir(&workspace.root),
    )?;
    // A deleted file is listed until its deletion is staged.
    let files = listed.lines().filter(|path| workspace.root.join(path).exists());
    let sources: Vec<(&str, String)> =
        files.map(|path| Ok((path, read(&workspace.root.join(path))?))).collect::<Result<_, String>>()?;
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let manifest = package.manifest_path.strip_prefix(&workspace.root).unwrap_or(&package.manifest_path);
        let text = read(&package.manifest_path)?;
        findings.extend(arrows::check(package, manifest, &text));
        let own = manifest.parent().unwrap_or(manifest);
        let of_package = sources.iter().filter(|(path, _)| Path::new(path).starts_with(own));
        findings.extend(unused::check(package, manifest, &text, &of_package.map(|(_, t)| &**t).collect::<Vec<_>>()));
    }
    for (path, text) in &sources {
        findings.extend(sources::check(path, text));
        findings.extend(names::check(path, text));
    }
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() { Ok(()) } else { Err(format!("tidy: {} findings", findings.len())) }
}

/// A required change and its location.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    file: PathBuf,
    line: usize,
    advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.advice)
    }
}

fn read(path: &PathBuf) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
