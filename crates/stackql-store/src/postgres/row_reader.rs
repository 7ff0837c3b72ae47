//! Reads the rows of a table in batches. Rows are fetched from the server no faster than the consumer takes them.

use std::mem::take;
use std::pin::Pin;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::stream::{self, Fuse};
use futures::{StreamExt, TryStreamExt};
use stackql_engine::{Rows, StoreError};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, RowStream};

use super::column_codec::{ColumnBuilder, Misplaced, StorageType};
use super::connection::Session;
use super::error::BackendError;
use super::object_table::{key, table};
use crate::columns::rows_of;
use crate::identifier::quoted;
use crate::objects::ObjectEntry;

/// Maximum number of rows per batch: DataFusion's default batch size.
const ROWS: usize = 8192;
/// Text bytes after which a batch is full, which limits memory and keeps Arrow's 32-bit offsets in range.
const BYTES: usize = 16 << 20;

/// The query for these columns of an object, each cast to its transfer type.
pub(crate) fn query(found: &ObjectEntry, schema: &Schema) -> Result<String, BackendError> {
    let column = |field: &Arc<Field>| {
        Ok(format!("made.{}::{}", quoted(&key(field.name())), StorageType::for_field(field)?.sql()))
    };
    let columns: Vec<String> = schema.fields().iter().map(column).collect::<Result<_, BackendError>>()?;
    Ok(format!("SELECT {} FROM {} AS made", columns.join(", "), table(found)))
}

/// Streams the given columns of an object, in this order. The first batch is read before the function returns, so that
/// early errors are reported here.
pub(crate) async fn rows(session: Session, found: ObjectEntry, columns: &[usize]) -> Result<Rows, StoreError> {
    let database = Arc::clone(&session.database);
    let begun = async {
        let mut reading = Reading::new(session, found, columns).await?;
        let first = reading.next().await?;
        Ok((first, reading))
    };
    let (first, reading) = begun.await.map_err(|failure: BackendError| failure.at(&database))?;
    let Some(first) = first else {
        reading.session.settle(Ok(())).await?;
        return Ok(stream::empty().boxed());
    };
    let rest = stream::try_unfold(reading, |mut reading| async move {
        match reading.next().await {
            Ok(Some(batch)) => Ok(Some((batch, reading))),
            // The snapshot is released before the stream ends, so that a subsequent write does not wait for it.
            Ok(None) => reading.session.settle(Ok(())).await.map(|()| None),
            Err(failure) => reading.session.settle(Err(failure)).await,
        }
    });
    Ok(stream::iter([Ok(first)]).chain(rest).boxed())
}

/// A running query, and the batch being filled.
struct Reading {
    session: Session,
    found: ObjectEntry,
    rows: Pin<Box<Fuse<RowStream>>>,
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    filled: usize,
    bytes: usize,
}

impl Reading {
    async fn new(session: Session, found: ObjectEntry, columns: &[usize]) -> Result<Self, BackendError> {
        let schema = Arc::new(found.made.schema.project(columns)?);
        let query = query(&found, &schema)?;
        let none: [&(dyn ToSql + Sync); 0] = [];
        let rows = Box::pin(session.client().query_raw(&query, none).await?.fuse());
        let cells = schema.fields().iter().map(|field| Ok(ColumnBuilder::new(StorageType::for_field(field)?)));
        let columns = cells.collect::<Result<_, BackendError>>()?;
        Ok(Self { session, found, rows, schema, columns, filled: 0, bytes: 0 })
    }

    /// The next batch; `None` after the last row.
    async fn next(&mut self) -> Result<Option<RecordBatch>, BackendError> {
        while self.filled < ROWS && self.bytes < BYTES {
            match self.rows.try_next().await? {
                Some(row) => self.push(&row)?,
                None => break,
            }
        }
        if self.filled == 0 { Ok(None) } else { self.take().map(Some) }
    }

    fn push(&mut self, row: &Row) -> Result<(), BackendError> {
        for (index, cells) in self.columns.iter_mut().enumerate() {
            self.bytes += match cells.push(row, index) {
                Ok(weight) => weight,
                Err(Misplaced::Value(error)) => return Err(error.into()),
                Err(Misplaced::Time) => {
                    let (field, made) = (self.schema.field(index), &self.found.made);
                    let (kind, name, column, ty) = (made.kind, &made.name, field.name(), field.data_type());
                    return Err(StoreError::Unusable(format!(
                        "column {column} of {kind} {name} holds a time without end, which is no {ty}; change it by \
                         UPDATE, or delete the row"
                    ))
                    .into());
                }
            };
        }
        self.filled += 1;
        Ok(())
    }

    fn take(&mut self) -> Result<RecordBatch, BackendError> {
        self.bytes = 0;
        let columns = self.columns.iter_mut().map(ColumnBuilder::take);
        Ok(rows_of(&self.found.made, &self.schema, columns, take(&mut self.filled))?)
    }
}
