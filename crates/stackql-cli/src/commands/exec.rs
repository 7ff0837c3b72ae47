//! `stackql exec`: runs the statements of a script in sequence.

use std::io::Read;

use stackql_engine::Session;
use stackql_sql::ScriptStatement;

use crate::exit::{CliError, RunStatus, print_stderr};
use crate::output::result_writer::{ResultWriter, unless_cancelled};

/// Value of `--infile` that selects the query on the command line.
const ON_THE_COMMAND_LINE: &str = "stdin";

/// The script: the query, or the content of the input file; `None` if there is neither.
///
/// # Errors
///
/// Both are given, or the file cannot be read.
pub(crate) fn script(query: Option<String>, infile: &str) -> Result<Option<String>, CliError> {
    if infile == ON_THE_COMMAND_LINE {
        return Ok(query);
    }
    if query.is_some_and(|query| !query.is_empty()) {
        return Err(CliError::Message("a query and --infile are given; leave one out".to_owned()));
    }
    let read = match infile {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
        path => std::fs::read_to_string(path),
    };
    // Some editors write a byte order mark at the start of the file.
    let read = read.map(|text| text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text));
    read.map(Some).map_err(|reason| CliError::Unreadable { path: infile.to_owned(), reason })
}

/// Runs all statements, including those after a failed one, and returns the worst status.
pub(crate) async fn run(session: &Session, script: &str, results: &mut ResultWriter) -> Result<RunStatus, CliError> {
    let pieces = stackql_sql::split(script);
    if pieces.len() > 1 {
        results.hold();
    }
    let ended = statements(session, &pieces, results).await;
    results.release()?;
    if let Some(left) = session.abandon().await {
        print_stderr(&left);
    }
    ended
}

async fn statements(
    session: &Session,
    pieces: &[ScriptStatement<'_>],
    results: &mut ResultWriter,
) -> Result<RunStatus, CliError> {
    let mut worst = RunStatus::Complete;
    for piece in pieces {
        match unless_cancelled(Box::pin(results.run(session, piece.text))).await {
            Some(ending) => worst = worst.max(ending?),
            None => return Ok(RunStatus::Cancelled),
        }
    }
    Ok(worst)
}
