//! Transactions of a process that dies: what it did is told, and the rest can be done, or what was done be undone. The
//! process is killed from outside, at every change, before and after the API does it.
#![expect(clippy::unwrap_used, reason = "what does not work fails the test")]
#![expect(clippy::disallowed_methods, reason = "journals are read from disk")]

mod api;
mod left_open;
mod resumed;
mod tokens;
mod undone;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use api::{Api, When};
use insta_cmd::get_cargo_bin;
use tempfile::TempDir;

/// Makes four changes: two by the first statement, one by each of the others.
pub(crate) const SCRIPT: &str = "BEGIN; \
    INSERT INTO mill.works.wheels(yard, data__name) VALUES ('north', 'a'), ('north', 'b'); \
    DELETE FROM mill.works.wheels WHERE yard = 'north' AND number = 1; \
    INSERT INTO mill.works.wheels(yard, data__name) SELECT 'north', name || '2' FROM mill.works.wheels WHERE yard = 'south'; \
    COMMIT";
pub(crate) const CHANGES: usize = 4;
/// A flag of what is built in.
pub(crate) const BUILT_IN: &str = "--region=us-east-1";
pub(crate) const EAGER: &str = r#"--session={"rollback_type": "eager"}"#;

/// An API, and a folder for what the program keeps.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) api: Api,
    kept: TempDir,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) rows: String,
    pub(crate) said: String,
}

/// The one transaction there is, as the list tells of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) statements: u64,
    pub(crate) done: u64,
    pub(crate) in_doubt: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { api: Api::listen(), kept: tempfile::tempdir().unwrap() }
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.api.expect(None);
        let Output { status, stdout, stderr } = self.start(arguments).wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        // What is told of each refused request where nobody looks is nothing of transactions.
        let is_own = |line: &&str| !line.starts_with("http response status code: ");
        let said = text(stderr).split_inclusive('\n').filter(is_own).collect();
        Run { code: status.code().unwrap(), rows: text(stdout), said }
    }

    /// Runs the program and kills it at a change.
    pub(crate) fn killed(&self, arguments: &[&str], at: usize, when: When) {
        self.api.expect(Some((at, when)));
        let mut child = self.start(arguments);
        loop {
            let ended = child.try_wait().unwrap();
            if self.api.is_reached() {
                break;
            }
            assert!(ended.is_none(), "{arguments:?} came to its end before change {at}");
            thread::sleep(Duration::from_millis(1));
        }
        // Whoever was answered last may be gone already.
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transactions");
        let registry = format!(r#"{{"url": "file://{here}", "srcPrefix": "documents"}}"#);
        let mut command = Command::new(get_cargo_bin("stackql"));
        command.env_clear().args(arguments).arg("--approot").arg(self.kept.path());
        command.arg(format!("--endpoint-url=http://127.0.0.1:{}", self.api.port));
        // What is built in is not in a registry of one's own.
        if !arguments.contains(&BUILT_IN) {
            command.args(["--registry", &registry]);
        }
        command.envs([("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What the list tells.
    pub(crate) fn list(&self) -> Vec<Listed> {
        let run = self.run(&["txn", "list", "--output=jsonl"]);
        assert_eq!(run.code, 0, "{run:?}");
        let listed = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let (statements, done) = (row["statements"].as_u64().unwrap(), row["done"].as_u64().unwrap());
            Listed { id: text("id"), state: text("state"), statements, done, in_doubt: text("in_doubt") }
        };
        run.rows.lines().map(listed).collect()
    }

    /// The one transaction there is.
    pub(crate) fn listed(&self) -> Listed {
        let mut all = self.list();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// The kinds of the entries in the journal of the one transaction.
    pub(crate) fn entries(&self) -> Vec<String> {
        let folder = self.kept.path().join("transactions");
        let path = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        kinds(&path)
    }
}

fn kinds(path: &Path) -> Vec<String> {
    let kind = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        entry["entry"].as_str().unwrap().to_owned()
    };
    std::fs::read_to_string(path).unwrap().lines().map(kind).collect()
}

/// The call that was sent last, from 0, if its answer is not in the journal.
pub(crate) fn doubtful(entries: &[String]) -> Option<usize> {
    let sent = entries.iter().filter(|entry| *entry == "sending").count();
    entries.last().filter(|last| *last == "sending").map(|_| sent - 1)
}

/// The wheels before anything is done, and when all is.
pub(crate) const BEFORE: [&str; 2] = ["north old", "south old"];
pub(crate) const AFTER: [&str; 4] = ["north a", "north b", "north old2", "south old"];
