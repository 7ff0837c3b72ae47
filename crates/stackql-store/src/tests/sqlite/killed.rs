//! A process that is killed leaves what was there before, or all of what it was writing.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::sqlite::blocking::CancelGuard;

/// Tells this test program that it is the process to be killed, and which file it writes to.
const FILE: &str = "STACKQL_STORE_TEST_FILE";
const ROWS: i64 = 20_000;

/// So many rows that all have the same number.
fn generation(n: i64) -> Rows {
    given((0..ROWS / 1000).map(|_| batch([n; 1000])))
}

/// Starts this program again to do what `part` says below.
fn started(part: &str, path: &std::path::Path) -> (Child, BufReader<impl Read + use<>>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("tests::sqlite::killed::{part}"), "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let words = BufReader::new(child.stderr.take().unwrap());
    (child, words)
}

fn file() -> Option<PathBuf> {
    env::var_os(FILE).map(PathBuf::from)
}

#[expect(clippy::print_stderr, reason = "the parent process waits for these words")]
fn say(word: &str) {
    eprintln!("{word}");
}

/// Waits for a process to say this word.
fn heard(words: &mut impl BufRead, word: &str) {
    assert!(words.lines().any(|line| line.unwrap() == word), "the process ended before it said {word}");
}

/// The process that is killed while its rows come.
#[tokio::test]
async fn child_with_slow_rows() {
    let Some(path) = file() else { return };
    let rows = stream::iter(0..ROWS / 1000).then(async |part| {
        if part == 10 {
            say("halfway");
            futures::future::pending::<()>().await;
        }
        Ok(batch([2; 1000]))
    });
    SqliteStore::open(path).refresh("sums", rows.boxed()).await.unwrap();
}

/// The process that is killed within a transaction.
#[tokio::test]
async fn child_within_a_transaction() {
    let Some(path) = file() else { return };
    let store = SqliteStore::open(path);
    let waiting = CancelGuard::new();
    let _ = store.database.write(&waiting.token(), |connection| {
        // More than fits into SQLite's own memory, so that some of it is in the log already.
        connection.execute_batch("PRAGMA cache_size = 2; UPDATE sums SET n = 2; DELETE FROM sums WHERE rowid % 2")?;
        say("changed");
        std::thread::park();
        Ok(())
    });
}

/// The process that is killed at any moment.
#[tokio::test]
async fn child_that_goes_on() {
    let Some(path) = file() else { return };
    let store = SqliteStore::open(path);
    for n in 2.. {
        store.refresh("sums", generation(n)).await.unwrap();
        say("refreshed");
    }
}

#[tokio::test]
async fn the_old_rows_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stackql.db");
    SqliteStore::open(&path).create(&numbers("sums"), false, generation(1)).await.unwrap();
    for (part, word) in [("child_with_slow_rows", "halfway"), ("child_within_a_transaction", "changed")] {
        let (mut child, mut words) = started(part, &path);
        heard(&mut words, word);
        child.kill().unwrap();
        child.wait().unwrap();
        let store = SqliteStore::open(&path);
        assert_eq!(stored_numbers(&store, "sums").await, vec![1; ROWS as usize], "{part}");
        assert_eq!(store.refresh("sums", generation(1)).await.unwrap(), ROWS as u64);
    }
}

#[tokio::test]
async fn rows_are_of_one_generation_whenever_it_happens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stackql.db");
    SqliteStore::open(&path).create(&numbers("sums"), false, generation(1)).await.unwrap();
    for pause in [0, 1, 7, 20, 45] {
        let (mut child, mut words) = started("child_that_goes_on", &path);
        heard(&mut words, "refreshed");
        std::thread::sleep(std::time::Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
        let rows = stored_numbers(&SqliteStore::open(&path), "sums").await;
        assert_eq!(rows, vec![rows[0]; ROWS as usize]);
        assert!(rows[0] > 1);
    }
}
