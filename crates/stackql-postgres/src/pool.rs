//! Connection pool of the process. Each query uses a connection exclusively. A connection dropped in the middle of a
//! query is closed, and a cancel request is sent to the server.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Address, TlsOptions};

/// Idle connections, with the addresses that they lead to.
#[derive(Debug, Default)]
pub struct Pool(Mutex<Vec<(Address, IdleConnection)>>);

/// An open connection and the task that drives it.
struct IdleConnection {
    client: Client,
    /// Performs the reads and writes of `client`.
    task: JoinHandle<()>,
    tls: Option<MakeRustlsConnect>,
}

impl fmt::Debug for IdleConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleConnection").finish_non_exhaustive()
    }
}

/// A connection used by one query. Dropping it closes it and cancels the running statement.
#[derive(Debug)]
pub struct PooledConnection {
    open: Option<IdleConnection>,
    /// Whether the connection came from the pool; the server may have closed it since.
    pub is_used: bool,
}

/// Why no connection could be opened.
#[derive(Debug)]
pub enum ConnectError {
    /// The TLS options are invalid.
    Settings(String),
    /// The server refused the connection, or it could not be reached.
    Database(Error),
}

impl Pool {
    /// Takes an idle connection to the address, or opens a new one if there is none.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if a new connection is needed and the TLS options are invalid or the connection fails.
    pub async fn lease(&self, address: &Address, trust: &TlsOptions) -> Result<PooledConnection, ConnectError> {
        while let Some(open) = self.take_idle(address) {
            if !open.client.is_closed() {
                return Ok(PooledConnection { open: Some(open), is_used: true });
            }
        }
        Ok(PooledConnection { open: Some(IdleConnection::new(address, trust).await?), is_used: false })
    }

    /// Returns a connection to the pool after its query ended.
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

/// Drives the connection until it ends. The client of the connection reports the error to pending requests.
async fn run(connection: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a database connection ended");
    }
}

impl PooledConnection {
    /// The client through which statements are sent.
    pub fn connection(&self) -> &Client {
        &self.open.as_ref().expect("a lease has its connection until it is consumed").client
    }

    /// Closes an idle connection instead of returning it to the pool, without a cancel request.
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
                // The connection is closed in any case; stopping the statement early only saves work on the server.
                let _ = match open.tls {
                    Some(tls) => token.cancel_query(tls).await,
                    None => token.cancel_query(NoTls).await,
                };
            });
        }
    }
}
