//! What only a file can do: be shared, be damaged, be of another time.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures::SinkExt;
use futures::channel::mpsc;
use rusqlite::Connection;

use super::*;
use crate::sqlite::migrations::APPLICATION;

fn file() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("below").join("stackql.db");
    (folder, path)
}

#[tokio::test]
async fn nothing_is_made_before_there_is_something_to_keep() {
    let (folder, path) = file();
    let store = SqliteStore::open(&path);
    assert_eq!(store.list().await.unwrap(), []);
    assert!(matches!(store.rows("x", &[]).await, Err(StoreError::Missing(_))));
    assert!(matches!(store.refresh("x", none()).await, Err(StoreError::Missing(_))));
    assert!(matches!(store.insert("x", none()).await, Err(StoreError::Missing(_))));
    assert!(!store.remove(StoredKind::Table, "x").await.unwrap());
    assert_eq!(store.query("SELECT 1").await.unwrap().num_rows(), 1);
    refused(store.change("DELETE FROM x").await.unwrap_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    store.create(&notes(), false, none()).await.unwrap();
    assert!(path.exists());
    let memory = SqliteStore::in_memory();
    assert_eq!(memory.list().await.unwrap(), []);
    assert!(!memory.database.exists());
}

#[tokio::test]
async fn a_file_is_kept_for_the_next_process() {
    let (_folder, path) = file();
    {
        let store = SqliteStore::open(&path);
        store.create(&notes(), false, none()).await.unwrap();
        store.insert("notes", given([note("milk", 1)])).await.unwrap();
        store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
    }
    let store = SqliteStore::open(&path);
    assert_eq!(store.list().await.unwrap(), [notes(), numbers("sums")]);
    assert_eq!(all(&store, "notes").await.num_rows(), 1);
    let connection = Connection::open(&path).unwrap();
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).unwrap();
    assert_eq!((pragma("application_id"), pragma("user_version")), (APPLICATION, 2));
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn who_writes_waits_for_who_writes() {
    let (_folder, path) = file();
    let store = SqliteStore::open(&path);
    store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM sums").unwrap();
    let (mut begun, is_begun) = mpsc::channel(0);
    let rows = stream::once(async move {
        begun.send(()).await.unwrap();
        Ok(batch([2]))
    });
    let refresh = tokio::spawn(async move {
        let refreshed = store.refresh("sums", rows.boxed()).await;
        (store, refreshed)
    });
    is_begun.into_future().await.0.unwrap();
    // Long enough for the two to meet on nearly any machine; what must hold, holds where they do not.
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Others read while both write, and see what was there.
    assert_eq!(stored_numbers(&SqliteStore::open(&path), "sums").await, [1]);
    other.execute_batch("INSERT INTO sums VALUES (7); COMMIT").unwrap();
    let (store, refreshed) = refresh.await.unwrap();
    assert_eq!(refreshed.unwrap(), 1);
    assert_eq!(stored_numbers(&store, "sums").await, [2]);
}

#[tokio::test]
async fn a_lock_that_stays_is_told() {
    let (_folder, path) = file();
    let store = SqliteStore::open(&path).with_patience(Duration::from_millis(60));
    store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let locked = unusable(store.refresh("sums", given([batch([2])])).await.unwrap_err());
    assert_eq!(
        locked,
        format!(
            "{} is locked: another process writes to it and did not end in time; try again when it is done",
            path.display()
        )
    );
    assert_eq!(stored_numbers(&store, "sums").await, [1]);
    drop(other);
    assert_eq!(store.refresh("sums", given([batch([2])])).await.unwrap(), 1);
}

#[tokio::test]
async fn waiting_for_a_lock_ends_with_who_waits() {
    let (_folder, path) = file();
    let store = SqliteStore::open(&path).with_patience(Duration::from_secs(100_000));
    store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut change = store.remove(StoredKind::MaterializedView, "sums");
    assert!(futures::poll!(&mut change).is_pending());
    // The runtime of this test ends only when its threads do.
    drop(change);
    assert_eq!(stored_numbers(&store, "sums").await, [1]);
}

/// What is refused is left byte by byte, by whatever is asked of it.
async fn is_refused(path: &Path, words: &str) {
    let before = fs::read(path).unwrap();
    let store = SqliteStore::open(path).with_patience(Duration::ZERO);
    for error in [
        store.list().await.unwrap_err(),
        store.create(&notes(), true, none()).await.unwrap_err(),
        store.refresh("sums", none()).await.unwrap_err(),
        store.change("DELETE FROM sums").await.unwrap_err(),
        store.query("SELECT 1").await.unwrap_err(),
        store.remove(StoredKind::View, "sums").await.unwrap_err(),
    ] {
        let said = unusable(error);
        assert!(said.starts_with(&path.display().to_string()) && said.contains(words), "{said}");
    }
    assert_eq!(fs::read(path).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "a text that somebody needs".repeat(100)).unwrap();
    is_refused(&path, "is damaged or no database (file is not a database), and is left as it is").await;
    fs::write(&path, "short").unwrap();
    is_refused(&path, "is damaged or no database").await;
    let store = SqliteStore::open(folder.path());
    unusable(store.list().await.unwrap_err());
    unusable(SqliteStore::open(path.join("below")).create(&notes(), false, none()).await.unwrap_err());
}

#[tokio::test]
async fn a_database_of_another_program_is_left_as_it_is() {
    let (folder, path) = file();
    fs::create_dir(folder.path().join("below")).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    is_refused(&path, "is the database of another program").await;
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("PRAGMA application_id = 42; CREATE TABLE x (y)").unwrap();
    is_refused(&path, "is the database of another program").await;
}

#[tokio::test]
async fn a_newer_file_is_left_as_it_is() {
    let (_folder, path) = file();
    SqliteStore::open(&path).create(&numbers("sums"), false, none()).await.unwrap();
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    is_refused(&path, "was written by a newer version of this program (form 99 of the file)").await;
}

#[tokio::test]
async fn a_damaged_file_is_told_and_left() {
    let (_folder, path) = file();
    {
        let store = SqliteStore::open(&path);
        let many = given((0..20).map(|part| batch(part * 1000..part * 1000 + 1000)));
        store.create(&numbers("sums"), false, many).await.unwrap();
    }
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    let store = SqliteStore::open(&path);
    let read = match store.rows("sums", &[0]).await {
        Ok(rows) => rows.try_collect::<Vec<_>>().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(unusable(read).contains("is damaged or no database"));
    bytes[100..].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    is_refused(&path, "is damaged or no database").await;
}

#[tokio::test]
async fn tables_that_another_program_put_there_are_left() {
    let (_folder, path) = file();
    let store = SqliteStore::open(&path);
    store.create(&numbers("sums"), false, none()).await.unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE Theirs (n); INSERT INTO Theirs VALUES (1)").unwrap();
    for replace in [false, true] {
        let taken = store.create(&numbers("theirs"), replace, none()).await.unwrap_err();
        assert_eq!(taken.to_string(), "table theirs, made by another program, exists already");
    }
    assert!(!store.remove(StoredKind::Table, "theirs").await.unwrap());
    refused(store.change("DELETE FROM theirs").await.unwrap_err());
    assert_eq!(store.query("SELECT * FROM theirs").await.unwrap().num_rows(), 1);
}

#[tokio::test]
async fn a_file_that_was_taken_away_is_made_again() {
    let (_folder, path) = file();
    let store = SqliteStore::open(&path);
    store.create(&numbers("sums"), false, none()).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(format!("{}{suffix}", path.display())).unwrap();
    }
    assert_eq!(store.list().await.unwrap(), []);
    store.create(&numbers("more"), false, given([batch([1])])).await.unwrap();
    assert_eq!(stored_numbers(&SqliteStore::open(&path), "more").await, [1]);
}

#[tokio::test]
async fn a_file_may_be_called_as_sqlite_calls_other_things() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["file:x?mode=memory", "a?b#c%20", "ż"] {
        let path = folder.path().join(name);
        SqliteStore::open(&path).create(&notes(), false, none()).await.unwrap();
        assert!(path.exists(), "{name}");
    }
}

#[tokio::test]
async fn the_program_of_sqlite_reads_what_is_kept() {
    let (_folder, path) = file();
    let store = SqliteStore::open(&path);
    store.create(&notes(), false, none()).await.unwrap();
    store.insert("notes", given([note("milk", 1), note("bread", 2)])).await.unwrap();
    let name = "stackql_export.sums";
    store.create(&numbers(name), false, given([batch([5])])).await.unwrap();
    let asked =
        "SELECT * FROM notes; SELECT * FROM \"stackql_export.sums\"; SELECT name, kind FROM \"__stackql__objects\"";
    let Ok(printed) = Command::new("sqlite3").arg(&path).arg(asked).output() else {
        #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped: there is no program sqlite3");
        }
        return;
    };
    assert_eq!(
        String::from_utf8(printed.stdout).unwrap(),
        "milk|1\nbread|2\n5\nnotes|table\nstackql_export.sums|materialized view\n"
    );
    let changed = Command::new("sqlite3").arg(&path).arg("UPDATE notes SET priority = 9").status().unwrap();
    assert!(changed.success());
    let rows = all(&store, "notes").await;
    assert_eq!(rows.column(1).as_any().downcast_ref(), Some(&Int64Array::from(vec![9, 9])));
}
