//! Implementation of `Store` in PostgreSQL: the sequence of steps of each method.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use stackql_engine::{Rows, Store, StoreError, StoredKind, StoredObject};
use stackql_postgres::ConnectionErrorKind;

use super::connection::Session;
use super::database::Database;
use super::error::BackendError;
use super::migrations::schema_is_there;
use super::object_table::table;
use super::staging::StagingTable;
use super::{ddl, native_query, object_table, row_reader};
use crate::objects;
use crate::objects::{ObjectEntry, WITH_ROWS, check_create};

/// Stores local objects in a schema of a PostgreSQL database. It connects on first use, and creates the schema and the
/// catalog with the first object.
///
/// Names are compared ignoring ASCII case. Views, materialized views and tables share one namespace.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    database: Arc<Database>,
}

/// Staged rows, and the session whose temporary table holds them.
struct Waiting {
    session: Session,
    staged: Option<StagingTable>,
}

impl PostgresStore {
    pub(crate) fn new(database: Database) -> Self {
        Self { database: Arc::new(database) }
    }

    /// All objects, if one query without a transaction can list them.
    async fn at_once(&self) -> Result<Option<Vec<ObjectEntry>>, StoreError> {
        self.database.begin().await?;
        let asked = async {
            loop {
                let session = self.database.connect().await?;
                match object_table::at_once(&session).await {
                    Ok(found) => {
                        session.give_back();
                        return Ok(found);
                    }
                    // The server may have closed a pooled connection; the next one is tried.
                    Err(BackendError::Postgres(error)) if session.is_used() && ConnectionErrorKind::is_lost(&error) => {
                        session.discard()
                    }
                    Err(failure) => {
                        session.discard();
                        return Err(failure);
                    }
                }
            }
        };
        asked.await.map_err(|failure| failure.at(&self.database))
    }

    /// Fails if the checks of the statement failed (`known`); otherwise ends the read transaction and stages the rows.
    async fn take_in(
        &self,
        session: Session,
        known: Result<ObjectEntry, BackendError>,
        rows: Rows,
    ) -> Result<(ObjectEntry, Waiting), StoreError> {
        let taken = async {
            let known = known?;
            session.pause().await?;
            let staged = StagingTable::fill(&session, &known.made.schema, rows).await?;
            Ok((known, staged))
        };
        match taken.await {
            Ok((known, staged)) => Ok((known, Waiting { session, staged })),
            Err(failure) => session.settle(Err(failure)).await,
        }
    }
}

impl Waiting {
    /// Runs `finish` with the staged rows in a write transaction, drops the staging table, and commits.
    async fn finish<T>(
        mut self,
        makes: bool,
        finish: impl AsyncFnOnce(&Session, Option<&StagingTable>) -> Result<T, BackendError>,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.session.database);
        let done = async {
            database.write_in(&mut self.session, makes).await?;
            let done = finish(&self.session, self.staged.as_ref()).await?;
            if self.staged.is_some() {
                StagingTable::drop(&self.session).await?;
            }
            Ok(done)
        };
        let done = done.await;
        self.session.settle(done).await
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn list(&self) -> Result<Vec<StoredObject>, StoreError> {
        let all = match self.at_once().await? {
            Some(all) => all,
            None => {
                let session = self.database.reader().await?;
                let all = object_table::list(&session).await;
                session.settle(all).await?
            }
        };
        Ok(all.into_iter().map(|found| found.made).collect())
    }

    async fn create(&self, made: &StoredObject, replace: bool, rows: Rows) -> Result<(), StoreError> {
        let place = if made.kind == StoredKind::View { "" } else { self.database.place() };
        let new = ObjectEntry { made: made.clone(), table_name: place.to_owned() };
        let session = self.database.reader().await?;
        let free = async {
            ddl::check_names(made)?;
            check_create(object_table::find(&session, &made.name).await?.as_ref(), made, replace)?;
            Ok(new)
        };
        let free = free.await;
        let (new, waiting) = self.take_in(session, free, rows).await?;
        let made = async |session: &Session, staged: Option<&StagingTable>| {
            let found = object_table::find(session, &new.made.name).await?;
            check_create(found.as_ref(), &new.made, replace)?;
            if !new.table_name.is_empty() {
                schema_is_there(session, &new.table_name).await?;
            }
            ddl::make(session, found.as_ref(), &new, staged).await?;
            if let Some(staged) = staged {
                staged.copy_all(session, &new).await?;
            }
            Ok(())
        };
        waiting.finish(true, made).await
    }

    async fn refresh(&self, name: &str, rows: Rows) -> Result<u64, StoreError> {
        let session = self.database.reader().await?;
        let known = object_table::need(&session, &[StoredKind::MaterializedView], name).await;
        let (known, waiting) = self.take_in(session, known, rows).await?;
        let refreshed = async |session: &Session, staged: Option<&StagingTable>| {
            objects::check_unchanged(object_table::find(session, &known.made.name).await?, &known)?;
            session.client().execute(&format!("DELETE FROM {}", table(&known)), &[]).await?;
            match staged {
                Some(staged) => staged.copy_all(session, &known).await,
                None => Ok(0),
            }
        };
        waiting.finish(false, refreshed).await
    }

    async fn remove(&self, kind: StoredKind, name: &str) -> Result<bool, StoreError> {
        let session = self.database.writer().await?;
        let removed = async {
            let Some(found) = object_table::find(&session, name).await?.filter(|found| found.made.kind == kind) else {
                return Ok(false);
            };
            ddl::forget(&session, &found).await?;
            Ok(true)
        };
        let removed = removed.await;
        session.settle(removed).await
    }

    async fn rows(&self, name: &str, columns: &[usize]) -> Result<Rows, StoreError> {
        let session = self.database.reader().await?;
        match object_table::need(&session, WITH_ROWS, name).await {
            Ok(found) => row_reader::rows(session, found, columns).await,
            Err(failure) => session.settle(Err(failure)).await,
        }
    }

    async fn insert(&self, name: &str, rows: Rows) -> Result<u64, StoreError> {
        let session = self.database.reader().await?;
        let known = object_table::need(&session, &[StoredKind::Table], name).await;
        let (known, waiting) = self.take_in(session, known, rows).await?;
        let inserted = async |session: &Session, staged: Option<&StagingTable>| {
            objects::check_unchanged(object_table::find(session, &known.made.name).await?, &known)?;
            match staged {
                Some(staged) => staged.copy_into(session, &known).await,
                None => Ok(0),
            }
        };
        waiting.finish(false, inserted).await
    }

    async fn change(&self, statement: &str) -> Result<u64, StoreError> {
        let session = self.database.writer().await?;
        let changed = native_query::change(&session, statement).await;
        session.settle(changed).await
    }

    async fn query(&self, statement: &str) -> Result<RecordBatch, StoreError> {
        let session = self.database.reader().await?;
        let found = native_query::query(&session, statement).await;
        // Closing the connection discards settings and session locks that the query may have left.
        session.discard();
        found.map_err(|failure| failure.at(&self.database))
    }
}
