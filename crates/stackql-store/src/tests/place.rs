//! The places where a store may keep things, each of them empty when a case begins.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use stackql_engine::Store;
use tempfile::TempDir;

use crate::SqliteStore;
use crate::postgres::database::Database;
use crate::postgres::store::PostgresStore;

/// A kind of place.
pub(crate) enum Place {
    Memory,
    File,
    /// A database of PostgreSQL, by its dsn.
    Postgres(String),
}

/// A store that has nothing yet.
pub(crate) struct Fresh {
    store: Arc<dyn Store>,
    at: At,
}

enum At {
    Memory,
    File(PathBuf, #[expect(dead_code, reason = "the folder goes with it")] TempDir),
    Schema(String, String),
}

impl Place {
    pub(crate) fn fresh(&self) -> Fresh {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let at = match self {
            Self::Memory => At::Memory,
            Self::File => {
                let folder = tempfile::tempdir().unwrap();
                At::File(folder.path().join("stackql.db"), folder)
            }
            Self::Postgres(dsn) => At::Schema(dsn.clone(), format!("case {}", COUNT.fetch_add(1, Ordering::Relaxed))),
        };
        Fresh { store: at.open(), at }
    }
}

impl At {
    fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory => Arc::new(SqliteStore::in_memory()),
            Self::File(path, _) => Arc::new(SqliteStore::open(path)),
            Self::Schema(dsn, schema) => Arc::new(PostgresStore::new(Database::new(dsn, schema.clone()).unwrap())),
        }
    }
}

impl Fresh {
    /// The store as another process has it; none has one in memory.
    pub(crate) fn another(&self) -> Option<Arc<dyn Store>> {
        (!matches!(self.at, At::Memory)).then(|| self.at.open())
    }

    /// What is said here: by SQLite, or by PostgreSQL.
    pub(crate) fn words<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        if matches!(self.at, At::Schema(..)) { postgres } else { sqlite }
    }
}

impl Deref for Fresh {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}
