//! The storage trait for local objects: the views, materialized views and tables that users create.
//!
//! The engine calls [`Store`] for DDL and DML on local objects and for queries over them; the host supplies the implementation.

use std::fmt;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use futures::stream::BoxStream;
use thiserror::Error;

/// The storage of local objects. Names are matched case-insensitively and stored as they were first written.
///
/// Each method is atomic: its change is visible in whole once it returns, to other processes too, and not at all where it
/// fails or its future is dropped. A table whose new rows do not fit on the disk still has the old ones.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// All objects, sorted by name.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`] where the store cannot be read.
    async fn list(&self) -> Result<Vec<StoredObject>, StoreError>;

    /// Creates an object, or, with `replace`, replaces the object of the same name and kind. `rows` are the rows of a
    /// materialized view or of a CREATE TABLE AS; their schema is [`StoredObject::schema`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] where the name is taken and not replaced, [`StoreError::Refused`] where the name or the rows
    /// are invalid, [`StoreError::Rows`] where `rows` ends with an error, [`StoreError::Unusable`] where writing fails.
    async fn create(&self, made: &StoredObject, replace: bool, rows: Rows) -> Result<(), StoreError>;

    /// Replaces the rows of a materialized view; returns the number of new rows.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] where there is no such materialized view; else as for [`Self::create`].
    async fn refresh(&self, name: &str, rows: Rows) -> Result<u64, StoreError>;

    /// Drops the object of this name and kind; returns whether there was one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`] where the store cannot be written.
    async fn remove(&self, kind: StoredKind, name: &str) -> Result<bool, StoreError>;

    /// The rows of a materialized view or table, projected to the columns at the positions `columns`, in that order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] where there is no such object with rows, [`StoreError::Unusable`] where reading fails.
    async fn rows(&self, name: &str, columns: &[usize]) -> Result<Rows, StoreError>;

    /// Inserts rows into a table; returns their number. Columns are matched by name; a column that `rows` does not have gets
    /// its default.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] where there is no such table, [`StoreError::Refused`] where a constraint is violated; else as
    /// for [`Self::create`].
    async fn insert(&self, name: &str, rows: Rows) -> Result<u64, StoreError>;

    /// Executes an UPDATE or DELETE of a table in the store's SQL dialect; returns the number of rows changed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] where the statement is invalid or violates a constraint, [`StoreError::Unusable`] where writing
    /// fails.
    async fn change(&self, statement: &str) -> Result<u64, StoreError>;

    /// Executes a query in the store's SQL dialect.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] where the statement is invalid, [`StoreError::Unusable`] where reading fails.
    async fn query(&self, statement: &str) -> Result<RecordBatch, StoreError>;
}

/// A stream of rows that is written to a store or read from one.
pub type Rows = BoxStream<'static, Result<RecordBatch, StoreError>>;

/// A local object: a view, materialized view or table that a user created.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredObject {
    /// The name as it was first written.
    pub name: String,
    /// The kind of object.
    pub kind: StoredKind,
    /// The query of a view, or the CREATE statement of a table.
    pub text: String,
    /// The columns of a materialized view or table; empty for a view. The metadata of fields are stored, too.
    pub schema: SchemaRef,
}

/// The kinds of local objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredKind {
    /// A named query.
    View,
    /// A named query with its stored result.
    MaterializedView,
    /// A table with rows.
    Table,
}

/// Why an operation of a store failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// An object of this name exists already.
    #[error("{0} exists already")]
    Exists(String),
    /// No object of this kind and name exists.
    #[error("there is no {0}")]
    Missing(String),
    /// The rows violate a constraint, or the statement or a name is invalid; the text is the store's own message.
    #[error("{0}")]
    Refused(String),
    /// The store cannot be opened, read or written: its location, the reason, and what the user can do.
    #[error("{0}")]
    Unusable(String),
    /// The stream of rows to be stored ended with an error; the text is the message of that error.
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
