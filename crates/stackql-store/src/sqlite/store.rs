//! Implementation of `Store` in SQLite: the sequence of steps of each method.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::future::try_join;
use futures::{StreamExt, stream};
use rusqlite::Connection;
use stackql_engine::{Rows, Store, StoreError, StoredKind, StoredObject};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::blocking::{CancelGuard, CancelToken, aside, stopped};
use super::database::{Database, Place};
use super::staging::{IncomingRows, StagingTable};
use super::{ddl, native_query, object_table, row_reader};
use crate::identifier::quoted;
use crate::objects::{ObjectEntry, WITH_ROWS, check_create};

/// Capacity, in batches, of the channels between a blocking thread and its consumer.
const AHEAD: usize = 2;

/// Stores local objects in SQLite. The database is opened on first use, and the file is created with the first object.
///
/// Names are compared ignoring ASCII case, as in SQLite. Views, materialized views and tables share one namespace.
#[derive(Debug)]
pub struct SqliteStore {
    pub(crate) database: Database,
    /// Prefix of the names of the tables, for other programs.
    export: Option<String>,
}

impl SqliteStore {
    /// Stores objects in memory; they are lost when the store is dropped.
    pub fn in_memory() -> Self {
        Self::at(Place::Memory)
    }

    /// Stores objects in this file, which other processes may use at the same time.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::File(path.into()))
    }

    pub(crate) fn at(place: Place) -> Self {
        Self { database: Database::new(place), export: None }
    }

    /// Names tables `prefix.name` in the file; statements still refer to them as `name`.
    #[must_use]
    pub(crate) fn with_export(mut self, prefix: Option<String>) -> Self {
        self.export = prefix;
        self
    }

    /// Runs the script in this file whenever the database is opened.
    #[must_use]
    pub(crate) fn with_script(mut self, path: Option<PathBuf>) -> Self {
        self.database.script = path;
        self
    }

    /// Sets how long to wait for a lock of another process; the default is 30 seconds.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.database.lock_timeout = patience;
        self
    }

    /// Runs work on a blocking thread.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database, &CancelToken) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = self.database.clone();
        aside(move |awaited| work(&database, &awaited)).await
    }

    /// Looks up an object of this name and one of these kinds.
    async fn need(&self, kinds: &'static [StoredKind], name: &str) -> Result<ObjectEntry, StoreError> {
        let name = name.to_owned();
        self.aside(move |database, awaited| {
            database.read(awaited, |connection| object_table::need(connection, kinds, &name))
        })
        .await
    }

    /// Stages rows for a table with these columns and, once they are complete, calls `finish` with them. The row stream
    /// is not dropped while the connection is locked, because dropping it may need the connection.
    async fn take_in<T: Send + 'static>(
        &self,
        mut rows: Rows,
        columns: SchemaRef,
        finish: impl FnOnce(&Database, &CancelToken, Option<StagingTable>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, coming) = mpsc::channel(AHEAD);
        let feed = async move {
            while let Some(batch) = rows.next().await {
                // The receiver is gone because the work ended; its result says why.
                if sender.send(IncomingRows::Rows(batch?)).await.is_err() {
                    return Ok(());
                }
            }
            let _ = sender.send(IncomingRows::End).await;
            Ok(())
        };
        let work = self.aside(move |database, awaited| {
            let staged = StagingTable::fill(database, awaited, &columns, coming)?;
            finish(database, awaited, staged)
        });
        let ((), done) = try_join(feed, work).await?;
        Ok(done)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn list(&self) -> Result<Vec<StoredObject>, StoreError> {
        self.aside(|database, awaited| {
            if !database.exists() {
                return Ok(Vec::new());
            }
            let all = database.read(awaited, |connection| object_table::list(connection))?;
            Ok(all.into_iter().map(|found| found.made).collect())
        })
        .await
    }

    async fn create(&self, made: &StoredObject, replace: bool, rows: Rows) -> Result<(), StoreError> {
        let place = match (&self.export, made.kind) {
            (_, StoredKind::View) => String::new(),
            (Some(prefix), _) => format!("{prefix}.{}", made.name),
            (None, _) => made.name.clone(),
        };
        let new = ObjectEntry { made: made.clone(), table_name: place };
        let found = move |connection: &Connection, made: &StoredObject| {
            let found = object_table::find(connection, &made.name)?;
            check_create(found.as_ref(), made, replace)?;
            Ok(found)
        };
        // The checks run before the rows are requested, so that no requests are sent for a statement that would fail.
        let before = made.clone();
        self.aside(move |database, awaited| database.read(awaited, |connection| found(connection, &before).map(drop)))
            .await?;
        self.take_in(rows, Arc::clone(&made.schema), move |database, awaited, staged| {
            database.write_creating(awaited, |connection| {
                let found = found(connection, &new.made)?;
                ddl::make(connection, found.as_ref(), &new)?;
                if let Some(staged) = &staged {
                    staged.copy_all(connection, &new)?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn refresh(&self, name: &str, rows: Rows) -> Result<u64, StoreError> {
        let known = self.need(&[StoredKind::MaterializedView], name).await?;
        self.take_in(rows, Arc::clone(&known.made.schema), move |database, awaited, staged| {
            database.write(awaited, |connection| {
                object_table::still(connection, &known)?;
                connection.execute(&format!("DELETE FROM main.{}", quoted(&known.table_name)), [])?;
                staged.as_ref().map_or(Ok(0), |staged| staged.copy_all(connection, &known))
            })
        })
        .await
    }

    async fn remove(&self, kind: StoredKind, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.aside(move |database, awaited| {
            database.write(awaited, |connection| {
                let Some(found) = object_table::find(connection, &name)?.filter(|found| found.made.kind == kind) else {
                    return Ok(false);
                };
                ddl::forget(connection, &found)?;
                Ok(true)
            })
        })
        .await
    }

    async fn rows(&self, name: &str, columns: &[usize]) -> Result<Rows, StoreError> {
        let (name, columns, database) = (name.to_owned(), columns.to_vec(), self.database.clone());
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let waiting = CancelGuard::new();
        let awaited = waiting.token();
        let reading = spawn_blocking(move || {
            let mut kept = Vec::new();
            database.read(&awaited, |connection| {
                let found = object_table::need(connection, WITH_ROWS, &name)?;
                row_reader::each_batch(connection, &found, &columns, |batch| {
                    if database.is_in_memory() {
                        // An in-memory database has one connection, and the consumer of the rows may be about to write;
                        // the batches are buffered until the read has ended.
                        kept.push(batch);
                        return true;
                    }
                    sender.blocking_send(batch).is_ok()
                })
            })?;
            for batch in kept {
                if sender.blocking_send(batch).is_err() {
                    break;
                }
            }
            Ok(())
        });
        // Waiting for the first batch ensures that the snapshot is taken, and reports early errors here.
        let first = receiver.recv().await;
        let ended = async move {
            let _waiting = waiting;
            match reading.await {
                Ok(ended) => ended,
                Err(error) => stopped(error).await,
            }
        };
        let Some(first) = first else {
            ended.await?;
            return Ok(stream::empty().boxed());
        };
        let rest = stream::poll_fn(move |context| receiver.poll_recv(context));
        let failed = stream::once(ended).filter_map(async |ended| ended.err());
        Ok(stream::iter([first]).chain(rest).map(Ok).chain(failed.map(Err)).boxed())
    }

    async fn insert(&self, name: &str, rows: Rows) -> Result<u64, StoreError> {
        let known = self.need(&[StoredKind::Table], name).await?;
        self.take_in(rows, Arc::clone(&known.made.schema), move |database, awaited, staged| {
            database.write(awaited, |connection| {
                object_table::still(connection, &known)?;
                staged.as_ref().map_or(Ok(0), |staged| staged.copy_into(connection, &known))
            })
        })
        .await
    }

    async fn change(&self, statement: &str) -> Result<u64, StoreError> {
        let statement = statement.to_owned();
        self.aside(move |database, awaited| {
            database.write(awaited, |connection| native_query::change(connection, &statement))
        })
        .await
    }

    async fn query(&self, statement: &str) -> Result<RecordBatch, StoreError> {
        let statement = statement.to_owned();
        self.aside(move |database, awaited| {
            database.read(awaited, |connection| native_query::query(connection, &statement))
        })
        .await
    }
}
