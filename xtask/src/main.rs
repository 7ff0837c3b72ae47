//! The project's tasks, run as `cargo xtask <task>`, on every platform without other tools.
//!
//! This file owns the task names and their arguments; each task is a module.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person who runs it")]
#![expect(clippy::disallowed_methods, reason = "tasks are the rim: they read files, clocks and the environment")]

mod archives;
mod bench;
mod ci;
mod coverage;
mod oracle;
mod providers;
mod suite;
mod tidy;
mod workspace;

use std::process::ExitCode;

use crate::bench::BenchOptions;
use crate::oracle::OracleOptions;

const USAGE: &str = "\
usage: cargo xtask <task>

  test       build everything and run all tests, third-party Python tests included
  tidy       check what compiler and clippy cannot: crate arrows, file sizes, provider names
  ci         formatting, lints, tidy, facts, tests, documentation; fails on a changed tree
  providers  obtain the pinned source of the built-in provider and write its committed facts anew
               --check          fail where they differ instead
  coverage   count what the registry documents beside the project hold, and write docs/registry-coverage.md anew
               --check          fail where it differs instead
  oracle     random queries over APIs beside SQLite, 5000 of them
               --seed N         the first one's number
               --count N        how many
  bench      what the release binary costs, against endpoints of its own: start-up, rows, memory, calls, time
               --bin PATH       measure this program instead of building one
               --only NAME      run this one alone, such as join; a name that there is not lists all";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test"] => suite::test(),
        ["tidy"] => tidy::tidy(),
        ["ci"] => ci::ci(),
        ["providers"] => providers::generate(),
        ["providers", "--check"] => providers::check(),
        ["coverage"] => coverage::generate(),
        ["coverage", "--check"] => coverage::check(),
        ["bench", rest @ ..] => BenchOptions::parse(rest).and_then(|options| bench::bench(&options)),
        ["oracle", rest @ ..] => OracleOptions::parse(rest).and_then(|options| oracle::oracle(&options)),
        [] | ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        other => Err(format!("unknown task '{}'\n\n{USAGE}", other.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
