//! Opens the store that the configuration selects.

use std::path::PathBuf;
use std::sync::Arc;

use stackql_engine::{Store, StoreError};
use stackql_postgres::TlsOptions;

use crate::SqliteStore;
use crate::backend_config::{Backend, backend};
use crate::postgres::database::Database;
use crate::postgres::store::PostgresStore;
use crate::sqlite::database::Place;

/// Settings of a store besides the location of its database.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Exposes tables to other programs under a prefix: of the table name in SQLite; in PostgreSQL it is the schema of
    /// the tables.
    pub export: Option<String>,
    /// File of CA certificates (PEM) trusted in addition to those of the system.
    pub ca_bundle: Option<PathBuf>,
    /// Whether server certificates are accepted without verification.
    pub allow_insecure: bool,
}

/// Creates the store that the value of `--sqlBackend` selects; an in-memory one if the value is empty. The database is
/// not opened before the first use.
///
/// # Errors
///
/// [`StoreError::Unusable`] if the configuration or the DSN is invalid.
pub fn open(text: &str, options: Options) -> Result<Arc<dyn Store>, StoreError> {
    let Options { export, ca_bundle, allow_insecure } = options;
    let export = export.filter(|prefix| !prefix.is_empty());
    let sqlite = |place: Place, script| SqliteStore::at(place).with_script(script).with_export(export.clone());
    Ok(match backend(text)? {
        Backend::Memory { script } => Arc::new(sqlite(Place::Memory, script)),
        Backend::File { path, script } => Arc::new(sqlite(Place::File(path), script)),
        Backend::Postgres { dsn, schema, script } => {
            let (database, trust) = (Database::new(&dsn, schema)?, TlsOptions { ca_bundle, allow_insecure });
            Arc::new(PostgresStore::new(Database { trust, script, export, ..database }))
        }
    })
}
