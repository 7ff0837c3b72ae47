//! A process that is killed leaves what was there before.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

/// Tells this test program that it is the process to be killed, and which database it writes to.
const DSN: &str = "STACKQL_STORE_TEST_DSN";

/// The process: its rows come, but not the last.
pub(super) async fn child() {
    let Some(dsn) = env::var_os(DSN) else { return };
    let store = PostgresStore::new(Database::new(dsn.to_str().unwrap(), "public".to_owned()).unwrap());
    let rows = stream::iter(0..20).then(async |part| {
        if part == 10 {
            say("halfway");
            futures::future::pending::<()>().await;
        }
        Ok(batch([2; 1000]))
    });
    store.refresh("sums", rows.boxed()).await.unwrap();
}

#[expect(clippy::print_stderr, reason = "the parent process waits for these words")]
fn say(word: &str) {
    eprintln!("{word}");
}

pub(super) async fn all(own: &OwnServer<'_>) {
    let store = own.store();
    store.create(&numbers("sums"), false, given([batch([1; 1000])])).await.unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "tests::postgres::child_with_slow_rows", "--nocapture", "--test-threads=1"])
        .env(DSN, own.dsn())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let words = BufReader::new(child.stderr.take().unwrap());
    assert!(words.lines().any(|line| line.unwrap() == "halfway"), "the process ended before it was halfway");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(stored_numbers(&store, "sums").await, vec![1; 1000]);
    assert_eq!(store.refresh("sums", given([batch([3])])).await.unwrap(), 1);
    assert_eq!(stored_numbers(&store, "sums").await, [3]);
    // Nothing of it stays: not even the table in which its rows waited.
    for _ in 0..100 {
        let left = store.query("SELECT relname::text FROM pg_class WHERE relname LIKE '%staged%'").await.unwrap();
        if left.num_rows() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the table is still there");
}
