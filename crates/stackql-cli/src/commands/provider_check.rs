//! `stackql provider check`: compiles a provider's documents and reports problems and coverage.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use stackql_compile::{Coverage, Documents};
use stackql_provider::Verb;

use crate::exit::{CliError, RunStatus};

/// Prints the report; the status is failed if there are problems.
pub(crate) fn report(folder: &Path) -> Result<RunStatus, CliError> {
    // References resolve relative to two directories above, which a relative path may not have.
    let folder =
        folder.canonicalize().map_err(|reason| CliError::Unreadable { path: folder.display().to_string(), reason })?;
    let documents = Documents::open(&folder).map_err(|problem| CliError::Message(problem.to_string()))?;
    let coverage = Coverage::measure(&documents);
    let provider = documents.provider();
    let text = text(&format!("{} {}", provider.name, provider.version), &coverage);
    io::stdout().lock().write_all(text.as_bytes()).map_err(|reason| CliError::writing("standard output", reason))?;
    Ok(if coverage.problems.is_empty() { RunStatus::Complete } else { RunStatus::Failed })
}

fn text(name: &str, coverage: &Coverage) -> String {
    let mut out = String::new();
    for problem in &coverage.problems {
        let _ = writeln!(out, "{problem}");
    }
    for method in &coverage.unreachable {
        let _ = writeln!(out, "{method}: no statement chooses it; EXEC calls it");
    }
    for (extension, count) in &coverage.unused {
        let _ = writeln!(out, "{extension}: not read ({count} times)");
    }
    let methods: usize = coverage.methods.values().sum();
    let verbs = Verb::ALL.map(|verb| format!("{} {}", verb.keyword(), coverage.methods.get(&verb).unwrap_or(&0)));
    let _ = writeln!(
        out,
        "{name}: {} services ({} failed), {} resources, {methods} methods ({}), {} problems",
        coverage.services,
        coverage.failed.len(),
        coverage.resources,
        verbs.join(", "),
        coverage.problems.len()
    );
    out
}
