//! Exit codes, and the messages on standard error.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use stackql_engine::{Completeness, Failure};

use crate::output::value::for_terminal;

/// Result of a run or of one statement, ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RunStatus {
    /// All rows were returned.
    Complete,
    /// Rows are missing, because scopes failed or a limit was reached.
    Incomplete,
    /// A statement failed.
    Failed,
    /// The user cancelled it.
    Cancelled,
}

/// Why a run cannot continue.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The reader of the output closed the pipe.
    #[error("")]
    BrokenPipe,
    /// A file, directory or stream cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: String, reason: io::Error },
    /// A file, directory or stream cannot be written.
    #[error("cannot write {path}: {reason}")]
    Unwritable { path: String, reason: io::Error },
    /// Any other error, as its message.
    #[error("{0}")]
    Message(String),
}

impl RunStatus {
    /// The exit code. In compatibility mode it is 0 whatever the statements did, as in the Go program, unless the run
    /// was cancelled.
    pub(crate) fn code(self, compat: bool) -> ExitCode {
        match self {
            Self::Cancelled => ExitCode::from(130),
            _ if compat => ExitCode::SUCCESS,
            Self::Complete => ExitCode::SUCCESS,
            Self::Incomplete => ExitCode::from(3),
            Self::Failed => ExitCode::FAILURE,
        }
    }

    /// The status of a result with this completeness.
    pub(crate) fn from_outcome(outcome: &Completeness) -> Self {
        match outcome {
            Completeness::Complete => Self::Complete,
            Completeness::Partial(_) | Completeness::Truncated(_) => Self::Incomplete,
        }
    }
}

impl CliError {
    /// Classifies an error in writing results to `path`.
    pub(crate) fn writing(path: &str, reason: io::Error) -> Self {
        match reason.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Unwritable { path: path.to_owned(), reason },
        }
    }

    /// Prints the error and returns the exit code; a broken pipe is silent and counts as success.
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

/// Writes a line to standard error and ignores errors in doing so. On a terminal, control characters are escaped, so
/// that text from a provider cannot send terminal escape sequences.
pub(crate) fn print_stderr(line: &str) {
    let mut out = io::stderr().lock();
    let line = if out.is_terminal() { for_terminal(line) } else { line.into() };
    // An error in writing to standard error cannot be reported anywhere.
    let _ = writeln!(out, "{line}");
}

/// Prints an error. It gets the prefix `error:`, by which programs recognize it, except in compatibility mode, where
/// scripts of the Go program expect the bare message.
pub(crate) fn print_error(what: &str, compat: bool) {
    match compat {
        true => print_stderr(what),
        false => print_stderr(&format_error(what)),
    }
}

/// The message with the prefix `error:`.
pub(crate) fn format_error(what: &str) -> String {
    format!("error: {what}")
}

/// Formats a failure: its message, and each hint on a line of its own.
pub(crate) fn format_failure(failure: &Failure) -> String {
    let hints = failure.hints.iter().map(|h| match h.contains('\n') {
        // A hint of several lines is an excerpt, such as the position of a syntax error.
        true => h.lines().map(|line| format!("\n  {line}")).collect(),
        false => format!("\n  hint: {h}"),
    });
    std::iter::once(failure.message.clone()).chain(hints).collect()
}

/// Formats why a result is incomplete; `None` if it is complete.
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
