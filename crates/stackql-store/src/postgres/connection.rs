//! Sessions: a connection used by one method of the store, and the end of its transaction.

use std::sync::Arc;

use stackql_engine::StoreError;
use stackql_postgres::PooledConnection;
use tokio_postgres::Client;

use super::database::Database;
use super::error::BackendError;

/// A connection used for one operation. Dropping it closes the connection, cancels the running statement and thereby
/// rolls back the transaction.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) database: Arc<Database>,
    lease: PooledConnection,
    /// Whether the schema contains the current catalog table.
    pub(crate) is_there: bool,
}

impl Session {
    pub(crate) fn new(database: Arc<Database>, lease: PooledConnection) -> Self {
        Self { database, lease, is_there: false }
    }

    pub(crate) fn client(&self) -> &Client {
        self.lease.connection()
    }

    /// Commits the transaction and keeps the session.
    pub(crate) async fn pause(&self) -> Result<(), BackendError> {
        self.client().batch_execute("COMMIT").await.map_err(BackendError::Commit)
    }

    /// Commits the transaction and returns the connection to the pool.
    pub(crate) async fn commit(self) -> Result<(), BackendError> {
        self.pause().await?;
        self.give_back();
        Ok(())
    }

    /// Returns the connection to the pool; no transaction may be open.
    pub(crate) fn give_back(self) {
        let Self { database, lease, .. } = self;
        database.connections.give_back(&database.address, lease);
    }

    /// Whether the connection came from the pool; the server may have closed it since.
    pub(crate) fn is_used(&self) -> bool {
        self.lease.is_used
    }

    /// Commits if the operation succeeded; otherwise closes the connection, which rolls the transaction back.
    pub(crate) async fn settle<T>(self, done: Result<T, BackendError>) -> Result<T, StoreError> {
        let database = Arc::clone(&self.database);
        let settled = match done {
            Ok(done) => self.commit().await.map(|()| done),
            Err(failure) => {
                self.discard();
                Err(failure)
            }
        };
        settled.map_err(|failure| failure.at(&database))
    }

    /// Closes the connection, on which no statement is running.
    pub(crate) fn discard(self) {
        self.lease.discard();
    }
}
