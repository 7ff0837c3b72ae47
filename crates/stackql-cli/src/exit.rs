//! How a run ends: the exit code and what is said on standard error before it.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use stackql_engine::{Completeness, Failure};

use crate::output::value::for_terminal;

/// How a run, or one statement of it, ended; later ones are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RunStatus {
    /// All rows came.
    Complete,
    /// Rows are missing: scopes failed or a cap was reached.
    Incomplete,
    /// A statement failed.
    Failed,
    /// The user stopped it.
    Cancelled,
}

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// Nobody reads the output any more.
    #[error("")]
    BrokenPipe,
    /// A file, a folder or a stream cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: String, reason: io::Error },
    /// A file, a folder or a stream cannot be written.
    #[error("cannot write {path}: {reason}")]
    Unwritable { path: String, reason: io::Error },
    /// Anything else that one line tells.
    #[error("{0}")]
    Message(String),
}

impl RunStatus {
    /// The exit code; the Go program ends well whatever its statements did.
    pub(crate) fn code(self, compat: bool) -> ExitCode {
        match self {
            Self::Cancelled => ExitCode::from(130),
            _ if compat => ExitCode::SUCCESS,
            Self::Complete => ExitCode::SUCCESS,
            Self::Incomplete => ExitCode::from(3),
            Self::Failed => ExitCode::FAILURE,
        }
    }

    /// The ending that an answer's outcome amounts to.
    pub(crate) fn from_outcome(outcome: &Completeness) -> Self {
        match outcome {
            Completeness::Complete => Self::Complete,
            Completeness::Partial(_) | Completeness::Truncated(_) => Self::Incomplete,
        }
    }
}

impl CliError {
    /// An error in writing results to `path`.
    pub(crate) fn writing(path: &str, reason: io::Error) -> Self {
        match reason.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Unwritable { path: path.to_owned(), reason },
        }
    }

    /// Says why, and gives the exit code.
    pub(crate) fn code(self, compat: bool) -> ExitCode {
        match self {
            Self::BrokenPipe => ExitCode::SUCCESS,
            told => {
                print_error(&told.to_string(), compat);
                ExitCode::FAILURE
            }
        }
    }
}

/// Writes a line to standard error. A reader who went away is no error. A provider's words cannot steer a terminal.
pub(crate) fn print_stderr(line: &str) {
    let mut out = io::stderr().lock();
    let line = if out.is_terminal() { for_terminal(line) } else { line.into() };
    // There is no place left to complain at.
    let _ = writeln!(out, "{line}");
}

/// Says what went wrong. Programs that read standard error tell by the first word that it did; those of the Go program
/// know the words that follow.
pub(crate) fn print_error(what: &str, compat: bool) {
    match compat {
        true => print_stderr(what),
        false => print_stderr(&format_error(what)),
    }
}

/// A line that says what went wrong.
pub(crate) fn format_error(what: &str) -> String {
    format!("error: {what}")
}

/// What a failure says: its message, and a line for each hint.
pub(crate) fn format_failure(failure: &Failure) -> String {
    let hints = failure.hints.iter().map(|h| match h.contains('\n') {
        // Several lines are a picture, such as the place of a syntax error.
        true => h.lines().map(|line| format!("\n  {line}")).collect(),
        false => format!("\n  hint: {h}"),
    });
    std::iter::once(failure.message.clone()).chain(hints).collect()
}

/// What an outcome says, if the rows are not all there are.
pub(crate) fn format_incomplete(outcome: &Completeness) -> Option<String> {
    match outcome {
        Completeness::Complete => None,
        Completeness::Truncated(cap) => Some(format!("truncated result: {cap}")),
        Completeness::Partial(failures) => {
            let lines = failures.iter().map(|f| format!("\n  {}", format_failure(f)));
            Some(std::iter::once("partial result, these failed:".to_owned()).chain(lines).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use stackql_engine::FailureKind;

    use super::*;

    #[test]
    fn the_worst_ending_counts() {
        assert_eq!(RunStatus::Complete.max(RunStatus::Incomplete).max(RunStatus::Complete), RunStatus::Incomplete);
        assert_eq!(RunStatus::Incomplete.max(RunStatus::Failed), RunStatus::Failed);
    }

    #[test]
    fn a_partial_outcome_names_what_failed() {
        let failure =
            Failure { hints: vec!["wait".into()], ..Failure::new(FailureKind::Api, "aws.ec2.vpcs in r1: Oops".into()) };
        let outcome = Completeness::Partial(vec![failure]);
        assert_eq!(RunStatus::from_outcome(&outcome), RunStatus::Incomplete);
        let expect = "partial result, these failed:\n  aws.ec2.vpcs in r1: Oops\n  hint: wait";
        assert_eq!(format_incomplete(&outcome).as_deref(), Some(expect));
        assert_eq!(format_incomplete(&Completeness::Complete), None);
    }
}
