//! `stackql exec`: the statements of a script, one after the other.

use std::io::Read;

use stackql_engine::Session;
use stackql_sql::ScriptStatement;

use crate::exit::{CliError, RunStatus, print_stderr};
use crate::output::result_writer::{ResultWriter, unless_cancelled};

/// What `--infile` is where the query is on the command line.
const ON_THE_COMMAND_LINE: &str = "stdin";

/// The script to run: the query, else the input file; `None` where there is neither.
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
    // Some editors write a mark of byte order in front of the text.
    let read = read.map(|text| text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text));
    read.map(Some).map_err(|reason| CliError::Unreadable { path: infile.to_owned(), reason })
}

/// Runs all statements, also those behind one that failed, and tells the worst ending.
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
