//! The database of a store: its address, its session settings, and how sessions are opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use stackql_engine::StoreError;
use stackql_postgres::{Address, ConnectionErrorKind, Pool, TlsOptions};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Error};

use super::connection::Session;
use super::error::BackendError;
use super::migrations;
use super::migrations::SchemaState;
use crate::identifier::quoted;
use crate::init_script;

/// Timeout for connecting and for locks held by other sessions.
const PATIENCE: Duration = Duration::from_secs(30);
/// Starts a transaction that reads one snapshot and writes nothing.
const READS: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Starts a transaction whose statements see what other transactions committed, also after the lock was acquired.
const WRITES: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// An empty statement, which checks that the connection is alive.
const NOTHING: &str = "";

/// The database and how to connect to it.
pub(crate) struct Database {
    pub(crate) address: Address,
    pub(crate) trust: TlsOptions,
    /// The schema of the catalog table, and of the objects' tables unless `export` is set.
    pub(crate) schema: String,
    /// The schema of the objects' tables, if it is another one.
    pub(crate) export: Option<String>,
    /// The initialization script, which runs before any statement.
    pub(crate) script: Option<PathBuf>,
    /// How long to wait for a lock held by another session.
    pub(crate) lock_timeout: Duration,
    pub(crate) connections: Pool,
    /// Set after the script has run.
    pub(crate) begun: OnceCell<()>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("address", &self.address).field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Database {
    /// The database of a DSN.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`] if the DSN is invalid.
    pub(crate) fn new(dsn: &str, schema: String) -> Result<Self, StoreError> {
        let address = Address::parse(dsn, PATIENCE).ok_or_else(|| {
            StoreError::Unusable(
                "the dsn of the SQL backend is no address of a PostgreSQL database; write it as \
                 postgres://user:password@host:5432/database"
                    .to_owned(),
            )
        })?;
        Ok(Self {
            address,
            trust: TlsOptions::default(),
            schema,
            export: None,
            script: None,
            lock_timeout: PATIENCE,
            connections: Pool::default(),
            begun: OnceCell::new(),
        })
    }

    /// The schema in which tables of local objects are created.
    pub(crate) fn place(&self) -> &str {
        self.export.as_deref().unwrap_or(&self.schema)
    }

    /// Opens a session that reads from a snapshot; migrates an outdated schema first.
    pub(crate) async fn reader(self: &Arc<Self>) -> Result<Session, StoreError> {
        self.begin().await?;
        let read = async {
            let mut session = self.open(READS).await?;
            match migrations::standing(&session).await? {
                SchemaState::Missing => {}
                SchemaState::Current => session.is_there = true,
                SchemaState::Outdated => {
                    session.discard();
                    self.open_writable().await?.commit().await?;
                    session = self.open(READS).await?;
                    session.is_there = true;
                }
            }
            Ok(session)
        };
        read.await.map_err(|failure: BackendError| failure.at(self))
    }

    /// Opens a session that holds the write lock, which excludes writers of all processes.
    pub(crate) async fn writer(self: &Arc<Self>) -> Result<Session, StoreError> {
        self.begin().await?;
        self.written().await.map_err(|failure| failure.at(self))
    }

    /// Starts the write transaction of a session that has no transaction open. `makes` says that a missing schema is
    /// created.
    pub(crate) async fn write_in(self: &Arc<Self>, session: &mut Session, makes: bool) -> Result<(), BackendError> {
        session.client().batch_execute(WRITES).await?;
        migrations::lock(session).await?;
        match (migrations::standing(session).await?, makes) {
            (SchemaState::Current, _) => session.is_there = true,
            (SchemaState::Missing, false) => session.is_there = false,
            (SchemaState::Missing | SchemaState::Outdated, _) => {
                migrations::migrate(session).await?;
                session.is_there = true;
            }
        }
        Ok(())
    }

    async fn written(self: &Arc<Self>) -> Result<Session, BackendError> {
        let mut session = self.open(NOTHING).await?;
        self.write_in(&mut session, false).await?;
        Ok(session)
    }

    async fn open_writable(self: &Arc<Self>) -> Result<Session, BackendError> {
        let mut session = self.open(NOTHING).await?;
        self.write_in(&mut session, true).await?;
        Ok(session)
    }

    /// Runs the initialization script, once per process.
    pub(crate) async fn begin(self: &Arc<Self>) -> Result<(), StoreError> {
        let Some(path) = &self.script else { return Ok(()) };
        let run = async || {
            let statements = init_script::read(path)?;
            let session = self.open_writable().await.map_err(|failure| failure.at(self))?;
            let run = async {
                session.client().batch_execute(&statements).await?;
                session.pause().await
            };
            let run = run.await;
            // Closing the connection discards settings that the script may have changed.
            session.discard();
            run.map_err(|failure: BackendError| init_script::failed(path, &failure.at(self)))
        };
        self.begun.get_or_try_init(run).await.copied()
    }

    /// Opens a session and runs a first statement in it; replaces pooled connections that the server closed.
    async fn open(self: &Arc<Self>, begin: &str) -> Result<Session, BackendError> {
        loop {
            let session = self.connect().await?;
            match session.client().batch_execute(begin).await {
                Ok(()) => return Ok(session),
                Err(error) if session.is_used() && ConnectionErrorKind::is_lost(&error) => session.discard(),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Opens a session that has no transaction open.
    pub(crate) async fn connect(self: &Arc<Self>) -> Result<Session, BackendError> {
        let lease = self.connections.lease(&self.address, &self.trust).await?;
        let session = Session::new(Arc::clone(self), lease);
        if !session.is_used() {
            self.set(session.client()).await?;
        }
        Ok(session)
    }

    /// Applies the session settings, which override those of the role and the database.
    async fn set(&self, client: &Client) -> Result<(), Error> {
        let path = self.export.iter().chain([&self.schema]).map(|schema| quoted(schema)).collect::<Vec<_>>().join(", ");
        let patience = format!("{}ms", self.lock_timeout.as_millis());
        // Rows keep the same physical order in each scan, as far as PostgreSQL allows: no synchronized scans, no
        // parallel workers.
        let set = "SELECT set_config('search_path', $1, false), set_config('lock_timeout', $2, false), \
             set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false), \
             set_config('IntervalStyle', 'postgres', false), set_config('bytea_output', 'hex', false), \
             set_config('extra_float_digits', '1', false), set_config('synchronize_seqscans', 'off', false), \
             set_config('max_parallel_workers_per_gather', '0', false)";
        client.query_one(set, &[&path, &patience]).await?;
        // The server ends statements of a killed client within a second. Older servers and some systems do not support
        // the setting, so errors are ignored.
        let _ = client.batch_execute("SET client_connection_check_interval = '1s'").await;
        Ok(())
    }
}
