//! The seam to where what users make is kept: views, materialized views and tables.

use std::fmt;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use futures::stream::BoxStream;
use thiserror::Error;

/// Keeps what users make. Names are found in any case of letters, and kept as they were first written.
///
/// What a method changes is there in whole once it returns, for other processes too, and not at all where it fails or its
/// future is dropped: a table whose new rows do not fit on the disk still has the old ones.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// All there is, by name.
    async fn list(&self) -> Result<Vec<StoredObject>, StoreError>;

    /// Keeps something new, or, where `replace` is, in place of what had its name and kind. `rows` are those of a
    /// materialized view or of a table made of a query; their schema is [`StoredObject::schema`].
    async fn create(&self, made: &StoredObject, replace: bool, rows: Rows) -> Result<(), StoreError>;

    /// Gives a materialized view these rows in place of those it has.
    async fn refresh(&self, name: &str, rows: Rows) -> Result<u64, StoreError>;

    /// Forgets what has this name and kind; whether there was something.
    async fn remove(&self, kind: StoredKind, name: &str) -> Result<bool, StoreError>;

    /// The rows of a materialized view or table: those columns of its schema that `columns` says, in that order.
    async fn rows(&self, name: &str, columns: &[usize]) -> Result<Rows, StoreError>;

    /// Adds rows to a table, whose columns are called as the table's; those that are left out have their default.
    async fn insert(&self, name: &str, rows: Rows) -> Result<u64, StoreError>;

    /// Runs an UPDATE or DELETE of a table as the store's own SQL; how many rows it changed.
    async fn change(&self, statement: &str) -> Result<u64, StoreError>;

    /// Runs a query in the store's own SQL.
    async fn query(&self, statement: &str) -> Result<RecordBatch, StoreError>;
}

/// Rows on their way to a store, or from it.
pub type Rows = BoxStream<'static, Result<RecordBatch, StoreError>>;

/// Something that a user made.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredObject {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: StoredKind,
    /// The query of a view, or the statement that made a table.
    pub text: String,
    /// The columns of a materialized view or table; none of a view. A field's metadata are kept, too.
    pub schema: SchemaRef,
}

/// What a user can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredKind {
    /// A query with a name.
    View,
    /// A query with a name, and the rows it gave.
    MaterializedView,
    /// Rows.
    Table,
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is something of this name already.
    #[error("{0} exists already")]
    Exists(String),
    /// There is nothing of this name.
    #[error("there is no {0}")]
    Missing(String),
    /// The rows break a constraint, or the statement is wrong; in the store's words.
    #[error("{0}")]
    Refused(String),
    /// The store cannot be opened, read or written: where it is, why, and what to do.
    #[error("{0}")]
    Unusable(String),
    /// The rows that were to be kept did not come; in the words of what failed.
    #[error("{0}")]
    Rows(String),
}

impl fmt::Display for StoredKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Table => "table",
        })
    }
}
