//! What the binary does when an API goes wrong: how it exits, which rows it prints and what it says. Rows may be missing,
//! but never without a word.
#![expect(clippy::unwrap_used, reason = "what does not work fails the test")]

mod answers;
mod api;
mod fleet;
mod long_pages;
mod matrix;
mod settings;
mod statements;
mod streaming;
mod unreachable;

use std::path::Path;
use std::process::Command;

use insta_cmd::get_cargo_bin;

/// What stands in front of what went wrong.
const ERROR: &str = "error: ";

/// How a run ended, and the lines it wrote without that, sorted: which call is answered first is not settled.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) rows: Vec<String>,
    pub(crate) said: Vec<String>,
}

/// The program with statements over the documents beside this, and what it keeps in `kept`. Nothing of the environment of
/// whoever runs the tests is seen.
pub(crate) fn program(sql: &str, flags: &[&str], kept: &Path) -> Command {
    let registry =
        format!(r#"{{"url": "file://{}/tests/faults", "srcPrefix": "documents"}}"#, env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(get_cargo_bin("stackql"));
    command.env_clear().args(["exec", sql, "--output=csv", "--hideheaders", "--registry", &registry]).args(flags);
    command.arg("--approot").arg(kept);
    command
}

/// Runs statements.
pub(crate) fn run(sql: &str, flags: &[&str]) -> Run {
    let kept = tempfile::tempdir().unwrap();
    let output = program(sql, flags, kept.path()).output().unwrap();
    let lines =
        |bytes: Vec<u8>| -> Vec<String> { String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect() };
    let mut said = lines(output.stderr);
    let is_error = said.iter().any(|line| line.starts_with(ERROR));
    let code = output.status.code().unwrap();
    assert!(is_error || code != 1, "{sql}: exit 1, and no line begins with '{ERROR}': {said:#?}");
    said.iter_mut().for_each(|line| *line = line.trim_start_matches(ERROR).to_owned());
    said.sort();
    // What is told of each refused request where nobody looks has tests of its own.
    said.retain(|line| !line.starts_with("http response status code: "));
    let mut rows = lines(output.stdout);
    rows.sort();
    Run { code, rows, said }
}

impl Run {
    /// Fails unless the run ended with this code, printed these rows and said these lines, and nothing else. `…` in a
    /// line stands for whatever a system says, or where it listens.
    pub(crate) fn assert(&self, code: i32, mut rows: Vec<String>, said: &[String], of: &str) {
        rows.sort();
        let says =
            self.said.len() == said.len() && said.iter().all(|like| self.said.iter().any(|line| fits(line, like)));
        assert!(
            self.code == code && self.rows == rows && says,
            "{of}: expected exit {code}, {rows:#?} and {said:#?}, not {self:#?}"
        );
    }
}

fn fits(line: &str, like: &str) -> bool {
    let Some((start, rest)) = like.split_once('…') else { return line == like };
    let behind = line.strip_prefix(start);
    behind.is_some_and(|behind| behind.char_indices().any(|(at, _)| fits(&behind[at..], rest)) || fits("", rest))
}
