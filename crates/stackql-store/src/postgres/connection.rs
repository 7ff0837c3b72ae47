//! One connection for as long as one method of the store has it, and how its transaction ends.

use std::sync::Arc;

use stackql_engine::StoreError;
use stackql_postgres::PooledConnection;
use tokio_postgres::Client;

use super::database::Database;
use super::error::BackendError;

/// A connection that works on one thing. Dropped, it is closed, what it does is cancelled, and its transaction with it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) database: Arc<Database>,
    lease: PooledConnection,
    /// Whether the schema has our list of what there is.
    pub(crate) is_there: bool,
}

impl Session {
    pub(crate) fn new(database: Arc<Database>, lease: PooledConnection) -> Self {
        Self { database, lease, is_there: false }
    }

    pub(crate) fn client(&self) -> &Client {
        self.lease.connection()
    }

    /// Ends a transaction, and goes on.
    pub(crate) async fn pause(&self) -> Result<(), BackendError> {
        self.client().batch_execute("COMMIT").await.map_err(BackendError::Commit)
    }

    /// Ends a transaction, and the session with it.
    pub(crate) async fn commit(self) -> Result<(), BackendError> {
        self.pause().await?;
        self.give_back();
        Ok(())
    }

    /// Ends a session in which no transaction is open.
    pub(crate) fn give_back(self) {
        let Self { database, lease, .. } = self;
        database.connections.give_back(&database.address, lease);
    }

    /// Whether the connection was kept from before, and may have been closed on the other side since.
    pub(crate) fn is_used(&self) -> bool {
        self.lease.is_used
    }

    /// Keeps what was done, or nothing of it where it failed.
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

    /// Closes the connection, on which nothing runs any more.
    pub(crate) fn discard(self) {
        self.lease.discard();
    }
}
