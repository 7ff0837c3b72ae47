//! `cargo xtask coverage`: the page in docs/ with the content of the registry documents in the shared directory.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use stackql_compile::{Coverage, Documents};
use stackql_provider::Verb;

use crate::archives;
use crate::workspace::Workspace;

const PAGE: &str = "docs/registry-coverage.md";
const HEAD: &str = "\
# What the registry's documents hold

Counts of what compiles, by provider and version, out of the twelve providers that the project is tested with.
`cargo xtask coverage` writes this page; `stackql provider check DIR` reports on any provider.

| provider | version | services | resources | SELECT | INSERT | DELETE | UPDATE | REPLACE | EXEC | not compiled |
|---|---|---|---|---|---|---|---|---|---|---|
";

/// Writes the page.
pub(crate) fn generate() -> Result<(), String> {
    let workspace = Workspace::read()?;
    let page = workspace.root.join(PAGE);
    match page_of(&workspace)? {
        Some(text) => fs::write(&page, text).map_err(|error| format!("cannot write {}: {error}", page.display())),
        None => Err("there are no archives of documents beside the project".to_owned()),
    }
}

/// Fails if the page is out of date; reports that the check is skipped if there are no documents.
pub(crate) fn check() -> Result<(), String> {
    let workspace = Workspace::read()?;
    match page_of(&workspace)? {
        None => println!("coverage: skipped: no shared data"),
        Some(text) if fs::read_to_string(workspace.root.join(PAGE)).ok().as_ref() == Some(&text) => {}
        Some(_) => return Err(format!("{PAGE} is out of date; run `cargo xtask coverage`")),
    }
    Ok(())
}

fn page_of(workspace: &Workspace) -> Result<Option<String>, String> {
    let Some(shared) = archives::folder(workspace) else { return Ok(None) };
    let root = workspace.target.join("coverage");
    let _ = fs::remove_dir_all(&root);
    let mut page = HEAD.to_owned();
    let mut failed = BTreeSet::new();
    for directory in sorted(&shared)?.into_iter().filter(|p| p.is_dir()) {
        for archive in sorted(&directory)? {
            let into = root.join(directory.file_name().unwrap_or_default());
            archives::unpack(&archive, &into)?;
            let documents = Documents::open(&into.join(archive.file_stem().unwrap_or_default()));
            let documents = documents.map_err(|problem| problem.to_string())?;
            let coverage = Coverage::measure(&documents);
            let provider = documents.provider();
            let methods = Verb::ALL.map(|verb| coverage.methods.get(&verb).copied().unwrap_or_default().to_string());
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} | {} | {} |",
                provider.name,
                archive.file_stem().unwrap_or_default().display(),
                coverage.services,
                coverage.resources,
                methods.join(" | "),
                coverage.failed.join(", "),
            );
            failed.extend(coverage.problems.iter().map(|problem| format!("- `{}`: {}", problem.place, problem.what)));
        }
    }
    page.push_str("\nNot compiled, because the document itself is not there or is none:\n\n");
    page.extend(failed.into_iter().map(|line| line + "\n"));
    let _ = fs::remove_dir_all(&root);
    Ok(Some(page))
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}
