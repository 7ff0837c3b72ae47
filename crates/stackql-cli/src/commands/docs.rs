//! `stackql docs`: writes the pages of `stackql-docs` to a directory.

use std::path::Path;

use stackql_docs::Style;

use crate::args::flags::DocsArguments;
use crate::args::groups::Common;
use crate::exit::{CliError, RunStatus, print_stderr};
use crate::session_setup::connect;

/// Writes the pages of a provider and prints their number.
pub(crate) fn write(wanted: &DocsArguments, flags: &Common) -> Result<RunStatus, CliError> {
    let source = connect::provider(flags, &wanted.provider)?;
    let style = if wanted.style == "classic" { Style::Classic } else { Style::Site };
    let told = |e: stackql_docs::Error| CliError::Message(e.to_string());
    let mut count = 0;
    for page in stackql_docs::pages(source.as_ref(), wanted.service.as_deref(), style).map_err(told)? {
        let page = page.map_err(told)?;
        write_file(&wanted.out.join(&page.path), &page.text)?;
        count += 1;
    }
    print_stderr(&format!("{count} pages written below {}", wanted.out.display()));
    Ok(RunStatus::Complete)
}

fn write_file(path: &Path, text: &str) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
    written.map_err(|reason| CliError::Unwritable { path: path.display().to_string(), reason })
}

#[cfg(test)]
mod tests;
