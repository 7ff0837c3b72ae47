//! Which store there is.

use std::path::PathBuf;
use std::sync::Arc;

use stackql_engine::{Store, StoreError};
use stackql_postgres::TlsOptions;

use crate::SqliteStore;
use crate::backend_config::{Backend, backend};
use crate::postgres::database::Database;
use crate::postgres::store::PostgresStore;
use crate::sqlite::database::Place;

/// What is said about a store beside where it is.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What stands in front of the names by which other programs find tables: of the name in SQLite, as schema in
    /// PostgreSQL.
    pub export: Option<String>,
    /// Certificates to trust beside those of the system, PEM.
    pub ca_bundle: Option<PathBuf>,
    /// Whether any certificate is accepted.
    pub allow_insecure: bool,
}

/// The store that the text of `--sqlBackend` names; one in memory where it says nothing. Nothing is opened yet.
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
