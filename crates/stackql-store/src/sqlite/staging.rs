//! Staging of incoming rows.
//!
//! Rows are collected in a temporary table until the last one arrived, and are copied to their table then. The source may
//! take minutes and may itself read from the store. The database file is locked for the copy only.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::ArrayRef;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use rusqlite::Connection;
use stackql_engine::StoreError;
use tokio::sync::mpsc::Receiver;

use super::blocking::{CancelGuard, CancelToken};
use super::column_codec::StorageType;
use super::database::Database;
use super::error::{BackendError, rejected};
use crate::columns::{all_given, fields_of};
use crate::identifier::quoted;
use crate::objects::ObjectEntry;

/// A message from the producer of the rows.
pub(crate) enum IncomingRows {
    Rows(RecordBatch),
    /// The last message; a channel that closes without it means that the rows are incomplete.
    End,
}

/// All incoming rows, in a temporary table of the writing connection.
pub(crate) struct StagingTable {
    database: Database,
    table: String,
    fields: Vec<Arc<Field>>,
}

impl StagingTable {
    /// Collects rows until they end; `None` if there were none. Their columns are matched to those of `target` by name.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rows`] if the channel closes before the last message.
    pub(crate) fn fill(
        database: &Database,
        awaited: &CancelToken,
        target: &Schema,
        mut coming: Receiver<IncomingRows>,
    ) -> Result<Option<Self>, StoreError> {
        let mut staged: Option<Self> = None;
        loop {
            let batch = match coming.blocking_recv() {
                Some(IncomingRows::Rows(batch)) if batch.num_rows() == 0 => continue,
                Some(IncomingRows::Rows(batch)) => batch,
                Some(IncomingRows::End) => return Ok(staged),
                None => return Err(StoreError::Rows("the rows ended before the last".to_owned())),
            };
            let stage = match &mut staged {
                Some(stage) => stage,
                none => none.insert(Self::open(database, awaited, target, &batch.schema())?),
            };
            stage.add(awaited, &batch)?;
        }
    }

    /// Copies the rows into the table of an object and returns their number.
    pub(crate) fn copy_into(&self, connection: &Connection, into: &ObjectEntry) -> Result<u64, BackendError> {
        let columns = self.columns(|_, field| quoted(field.name()));
        let staged = self.columns(|index, _| format!("c{index}"));
        let (into, from) = (quoted(&into.table_name), &self.table);
        let copy = format!("INSERT INTO main.{into} ({columns}) SELECT {staged} FROM {from} ORDER BY rowid");
        Ok(u64::try_from(connection.execute(&copy, [])?).expect("fewer rows than there are addresses"))
    }

    /// As [`Self::copy_into`], but the rows must have every column of the object.
    pub(crate) fn copy_all(&self, connection: &Connection, into: &ObjectEntry) -> Result<u64, BackendError> {
        all_given(&self.fields, &into.made)?;
        self.copy_into(connection, into)
    }

    fn open(database: &Database, awaited: &CancelToken, target: &Schema, given: &Schema) -> Result<Self, StoreError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // Names are unique within the process, because several stagings may be active on the connection.
        let table = format!("temp.\"__stackql__staged_{}\"", COUNT.fetch_add(1, Ordering::Relaxed));
        let stage = Self { database: database.clone(), table, fields: fields_of(target, given)? };
        let create = format!("CREATE TABLE {} ({})", stage.table, stage.columns(|index, _| format!("c{index}")));
        database.with_writer(awaited, |connection| Ok(connection.execute_batch(&create)?))?;
        Ok(stage)
    }

    fn add(&self, awaited: &CancelToken, batch: &RecordBatch) -> Result<(), StoreError> {
        self.database.with_writer(awaited, |connection| {
            if batch.num_columns() != self.fields.len() {
                return Err(rejected("the rows have more columns in one batch than in another"));
            }
            let carried = |(field, values): (&Arc<Field>, &ArrayRef)| {
                let kept = StorageType::for_field(field)?;
                Ok((kept, kept.carried(values, field)?))
            };
            let columns: Vec<(StorageType, ArrayRef)> =
                self.fields.iter().zip(batch.columns()).map(carried).collect::<Result<_, BackendError>>()?;
            let transaction = connection.transaction()?;
            {
                let (table, values) = (&self.table, self.columns(|_, _| "?".to_owned()));
                let mut insert = transaction.prepare(&format!("INSERT INTO {table} VALUES ({values})"))?;
                for row in 0..batch.num_rows() {
                    for (index, (kept, values)) in columns.iter().enumerate() {
                        insert.raw_bind_parameter(index + 1, kept.value(values, row))?;
                    }
                    insert.raw_execute()?;
                }
            }
            Ok(transaction.commit()?)
        })
    }

    fn columns(&self, write: impl Fn(usize, &Field) -> String) -> String {
        self.fields.iter().enumerate().map(|(index, field)| write(index, field)).collect::<Vec<_>>().join(", ")
    }
}

impl Drop for StagingTable {
    fn drop(&mut self) {
        // The original caller may be gone, so the drop gets a token of its own. If it fails, the table ends with the
        // connection.
        let waiting = CancelGuard::new();
        let _ = self.database.with_writer(&waiting.token(), |connection| {
            Ok(connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", self.table))?)
        });
    }
}
