use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use stackql_call::{Request, Response, Transport, TransportError};
use stackql_provider::{Provider, Providers, Scope};

use crate::{
    Journal, JournalEntry, JournalError, RollbackMode, Rows, Session, SessionOptions, Store, StoreError, StoredKind,
    StoredObject, TransactionLog,
};

/// Nobody is asked.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Transport for Nobody {
    async fn send(&self, _: &Request) -> Result<Response, TransportError> {
        unreachable!("a table of the user's own asks nobody")
    }

    async fn default_scope(&self, _: &Provider, _: &Scope) -> Result<String, TransportError> {
        unreachable!("a table of the user's own has no scope")
    }
}

/// A table `notes`, and the changes that were made of it; one that says `refuse` is refused.
#[derive(Debug, Default)]
struct Notes(Mutex<Vec<String>>);

#[async_trait]
impl Store for Notes {
    async fn list(&self) -> Result<Vec<StoredObject>, StoreError> {
        let schema = Arc::new(Schema::new(vec![Field::new("note", DataType::Utf8, true)]));
        Ok(vec![StoredObject { name: "notes".into(), kind: StoredKind::Table, text: String::new(), schema }])
    }

    async fn create(&self, made: &StoredObject, _: bool, _: Rows) -> Result<(), StoreError> {
        Err(StoreError::Exists(made.name.clone()))
    }

    async fn refresh(&self, name: &str, _: Rows) -> Result<u64, StoreError> {
        Err(StoreError::Missing(name.to_owned()))
    }

    async fn remove(&self, _: StoredKind, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn rows(&self, name: &str, _: &[usize]) -> Result<Rows, StoreError> {
        Err(StoreError::Missing(name.to_owned()))
    }

    async fn insert(&self, name: &str, _: Rows) -> Result<u64, StoreError> {
        Err(StoreError::Missing(name.to_owned()))
    }

    async fn change(&self, statement: &str) -> Result<u64, StoreError> {
        if statement.contains("refuse") {
            return Err(StoreError::Refused("refused".into()));
        }
        self.0.lock().unwrap().push(statement.to_owned());
        Ok(1)
    }

    async fn query(&self, statement: &str) -> Result<RecordBatch, StoreError> {
        Err(StoreError::Refused(statement.to_owned()))
    }
}

/// A disk on which there is room for so many entries.
#[derive(Debug, Clone)]
struct Disk {
    room: usize,
    written: Arc<Mutex<Vec<JournalEntry>>>,
}

impl Journal for Disk {
    fn begin(&self) -> Result<Box<dyn TransactionLog>, JournalError> {
        Ok(Box::new(self.clone()))
    }
}

impl TransactionLog for Disk {
    fn id(&self) -> &'static str {
        "t1"
    }

    fn append(&mut self, entries: &[JournalEntry]) -> Result<(), JournalError> {
        let mut written = self.written.lock().unwrap();
        if written.len() + entries.len() > self.room {
            return Err(JournalError("no room".into()));
        }
        written.extend_from_slice(entries);
        Ok(())
    }
}

/// What the statements say, the changes that were made, and how many entries were written.
async fn check(rollback: RollbackMode, room: usize, statements: &[&str]) -> (Vec<String>, Vec<String>, usize) {
    let (store, disk) = (Arc::new(Notes::default()), Disk { room, written: Arc::default() });
    let options = SessionOptions { rollback, ..SessionOptions::default() };
    let definitions = Arc::new(Providers::new(Vec::new()));
    let session = Session::new(definitions, Arc::new(Nobody), options)
        .with_store(Arc::clone(&store) as _)
        .with_journal(Arc::new(disk.clone()));
    let mut said = Vec::new();
    for statement in statements {
        said.push(match session.run(statement).await {
            Ok(answer) => answer.message.unwrap_or_default(),
            Err(failure) => failure.message,
        });
    }
    said.extend(session.abandon().await);
    let changes = store.0.lock().unwrap().clone();
    (said, changes, disk.written.lock().unwrap().len())
}

const QUEUED: &str = "mutating statement queued";

#[tokio::test]
async fn changes_of_own_tables_wait_too() {
    let two = ["BEGIN", "UPDATE notes SET note = 'a'", "DELETE FROM notes WHERE note = 'b'", "COMMIT"];
    let (said, changes, written) = check(RollbackMode::Lazy, usize::MAX, &two).await;
    assert_eq!(said, ["OK", QUEUED, QUEUED, "OK"]);
    assert_eq!(changes, [r#"UPDATE "notes" SET "note" = 'a'"#, r#"DELETE FROM "notes" WHERE note = 'b'"#]);
    // The beginning, the statements, what each does, when and that it did it, and the end.
    assert_eq!(written, 1 + 2 + 2 * 3 + 1);
}

#[tokio::test]
async fn what_fails_keeps_what_comes_behind_it_from_running() {
    let three =
        ["BEGIN", "UPDATE notes SET note = 'a'", "DELETE FROM notes WHERE note = 'refuse'", "DELETE FROM notes", "END"];
    let (said, changes, _) = check(RollbackMode::Lazy, usize::MAX, &three).await;
    assert_eq!(said[4], "refused\nUNDO required: Undo the update on notes");
    assert_eq!(changes, [r#"UPDATE "notes" SET "note" = 'a'"#]);
}

#[tokio::test]
async fn nothing_undoes_a_change_of_an_own_table() {
    let one = ["BEGIN", "UPDATE notes SET note = 'a'", "ROLLBACK"];
    let (said, ..) = check(RollbackMode::Eager, usize::MAX, &one).await;
    let left = "UNDO required: Undo the update on notes: what a table of your own had before is not kept";
    assert_eq!(said, ["OK", "exec completed", &format!("Rollback failed\n{left}")]);
}

#[tokio::test]
async fn nothing_is_done_that_cannot_be_written_down_before() {
    // The beginning, two statements, then for each what it does, that it will and that it did.
    let rooms = [(2, 0), (3, 0), (4, 0), (5, 1), (6, 1), (7, 1), (8, 2), (9, 2), (10, 2)];
    for (room, done) in rooms {
        let two = ["BEGIN", "UPDATE notes SET note = 'a'", "DELETE FROM notes", "COMMIT"];
        let (said, changes, _) = check(RollbackMode::Lazy, room, &two).await;
        assert_eq!(changes.len(), done, "{room}");
        assert_eq!(said[3].lines().next(), Some(if room == 10 { "OK" } else { "no room" }), "{room}");
        // What was done is told all the same; where nothing was, the transaction may still be open.
        assert_eq!(said[3].matches("UNDO required").count(), if room < 10 { done } else { 0 }, "{room}");
        assert_eq!(said.len(), if room == 2 { 5 } else { 4 }, "{room}: {said:?}");
    }
}
