//! Connections to databases, kept for the process. A query has a connection to itself; one that is let go in the middle
//! of a query is closed, and the database is told to stop.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client as Connection, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::secure;
use crate::Settings;

/// The connections that no query has, with what they were made of.
#[derive(Default)]
pub(crate) struct Connections(Mutex<Vec<(Config, Open)>>);

/// What they were made of has passwords.
impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

/// An open connection.
struct Open {
    connection: Connection,
    /// Reads and writes for it.
    task: JoinHandle<()>,
    tls: Option<MakeRustlsConnect>,
}

/// A connection that one query has.
pub(super) struct Lease {
    open: Option<Open>,
    /// It was kept from an earlier query.
    pub(super) is_used: bool,
}

/// Why there is no connection.
pub(super) enum Unconnected {
    /// The settings of secure connections are wrong.
    Settings(String),
    /// The database, or the way to it.
    Database(Error),
}

impl Connections {
    /// A connection that no query has: one that is kept, else a new one.
    pub(super) async fn lease(&self, config: &Config, settings: &Settings) -> Result<Lease, Unconnected> {
        while let Some(open) = self.kept(config) {
            if !open.connection.is_closed() {
                return Ok(Lease { open: Some(open), is_used: true });
            }
        }
        Ok(Lease { open: Some(Open::new(config, settings).await?), is_used: false })
    }

    /// Keeps the connection of a query that has ended.
    pub(super) fn give_back(&self, config: &Config, mut lease: Lease) {
        if let Some(open) = lease.open.take() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((config.clone(), open));
        }
    }

    fn kept(&self, config: &Config) -> Option<Open> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(of, _)| of == config)?;
        Some(all.swap_remove(at).1)
    }
}

impl Open {
    async fn new(config: &Config, settings: &Settings) -> Result<Self, Unconnected> {
        if config.get_ssl_mode() != SslMode::Require {
            let (connection, task) = config.connect(NoTls).await.map_err(Unconnected::Database)?;
            return Ok(Self { connection, task: tokio::spawn(run(task)), tls: None });
        }
        let tls = secure::connector(settings).map_err(Unconnected::Settings)?;
        let (connection, task) = config.connect(tls.clone()).await.map_err(Unconnected::Database)?;
        Ok(Self { connection, task: tokio::spawn(run(task)), tls: Some(tls) })
    }
}

/// Reads and writes until the connection ends; whoever waits for an answer is told why.
async fn run(connection: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a database connection ended");
    }
}

impl Lease {
    pub(super) fn connection(&self) -> &Connection {
        &self.open.as_ref().expect("a lease has its connection until it is consumed").connection
    }

    /// Closes a connection on which nothing runs any more.
    pub(super) fn discard(mut self) {
        if let Some(open) = self.open.take() {
            open.task.abort();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        open.task.abort();
        let token = open.connection.cancel_token();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // The connection is closed in any case; that the database stops early is a courtesy.
                let _ = match open.tls {
                    Some(tls) => token.cancel_query(tls).await,
                    None => token.cancel_query(NoTls).await,
                };
            });
        }
    }
}
