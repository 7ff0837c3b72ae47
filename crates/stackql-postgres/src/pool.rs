//! Connections to databases, kept for the process. A query has a connection to itself; one that is let go in the middle
//! of a query is closed, and the database is told to stop.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Address, TlsOptions};

/// The connections that no query has, with where they lead to.
#[derive(Debug, Default)]
pub struct Pool(Mutex<Vec<(Address, IdleConnection)>>);

/// An open connection.
struct IdleConnection {
    client: Client,
    /// Reads and writes for it.
    task: JoinHandle<()>,
    tls: Option<MakeRustlsConnect>,
}

impl fmt::Debug for IdleConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open").finish_non_exhaustive()
    }
}

/// A connection that one query has. Dropped, it is closed, and what it does is cancelled.
#[derive(Debug)]
pub struct PooledConnection {
    open: Option<IdleConnection>,
    /// It was kept from an earlier query.
    pub is_used: bool,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum ConnectError {
    /// The settings of secure connections are wrong.
    Settings(String),
    /// The database, or the way to it.
    Database(Error),
}

impl Pool {
    /// A connection that no query has: one that is kept, else a new one.
    pub async fn lease(&self, address: &Address, trust: &TlsOptions) -> Result<PooledConnection, ConnectError> {
        while let Some(open) = self.take_idle(address) {
            if !open.client.is_closed() {
                return Ok(PooledConnection { open: Some(open), is_used: true });
            }
        }
        Ok(PooledConnection { open: Some(IdleConnection::new(address, trust).await?), is_used: false })
    }

    /// Keeps the connection of a query that has ended.
    pub fn give_back(&self, address: &Address, mut lease: PooledConnection) {
        if let Some(open) = lease.open.take() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((address.clone(), open));
        }
    }

    fn take_idle(&self, address: &Address) -> Option<IdleConnection> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(of, _)| of == address)?;
        Some(all.swap_remove(at).1)
    }
}

impl IdleConnection {
    async fn new(address: &Address, trust: &TlsOptions) -> Result<Self, ConnectError> {
        let config = &address.0;
        if config.get_ssl_mode() != SslMode::Require {
            let (client, task) = config.connect(NoTls).await.map_err(ConnectError::Database)?;
            return Ok(Self { client, task: tokio::spawn(run(task)), tls: None });
        }
        let tls = trust.connector().map_err(ConnectError::Settings)?;
        let (client, task) = config.connect(tls.clone()).await.map_err(ConnectError::Database)?;
        Ok(Self { client, task: tokio::spawn(run(task)), tls: Some(tls) })
    }
}

/// Reads and writes until the connection ends; whoever waits for an answer is told why.
async fn run(connection: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a database connection ended");
    }
}

impl PooledConnection {
    /// What statements are sent by.
    pub fn connection(&self) -> &Client {
        &self.open.as_ref().expect("a lease has its connection until it is consumed").client
    }

    /// Closes a connection on which nothing runs any more.
    pub fn discard(mut self) {
        if let Some(open) = self.open.take() {
            open.task.abort();
        }
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        open.task.abort();
        let token = open.client.cancel_token();
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
