//! Reads the rows of a table in batches.

use std::mem::take;
use std::sync::Arc;

use arrow::datatypes::{Field, SchemaRef};
use arrow::record_batch::RecordBatch;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use stackql_engine::{StoreError, StoredObject};

use super::column_codec::{ColumnBuilder, StorageType, weight};
use super::error::BackendError;
use crate::columns::rows_of;
use crate::identifier::quoted;
use crate::objects::ObjectEntry;

/// Maximum number of rows per batch: DataFusion's default batch size.
const ROWS: usize = 8192;
/// Text bytes after which a batch is full, which limits memory and keeps Arrow's 32-bit offsets in range.
const BYTES: usize = 16 << 20;

/// Passes batches of the given columns of an object, in this order, to `give`, until the rows end or `give` returns
/// false.
pub(crate) fn each_batch(
    connection: &Connection,
    ObjectEntry { made, table_name: place }: &ObjectEntry,
    columns: &[usize],
    mut give: impl FnMut(RecordBatch) -> bool,
) -> Result<(), BackendError> {
    let mut batch = Batch::new(made, Arc::new(made.schema.project(columns)?))?;
    let mut statement = connection.prepare(&batch.query(place))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        batch.push(row)?;
        if batch.is_full() && !give(batch.take()?) {
            return Ok(());
        }
    }
    if batch.rows > 0 {
        give(batch.take()?);
    }
    Ok(())
}

/// The batch being filled.
struct Batch<'a> {
    made: &'a StoredObject,
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    bytes: usize,
}

impl<'a> Batch<'a> {
    fn new(made: &'a StoredObject, schema: SchemaRef) -> Result<Self, BackendError> {
        let cells = |field: &Arc<Field>| Ok(ColumnBuilder::new(StorageType::for_field(field)?));
        let columns = schema.fields().iter().map(cells).collect::<Result<_, BackendError>>()?;
        Ok(Self { made, schema, columns, rows: 0, bytes: 0 })
    }

    fn query(&self, place: &str) -> String {
        // SQLite interprets an unqualified quoted name without a matching column as a string literal, so names are
        // qualified.
        let columns: Vec<String> =
            self.schema.fields().iter().map(|field| format!("made.{}", quoted(field.name()))).collect();
        let columns = if columns.is_empty() { "NULL".to_owned() } else { columns.join(", ") };
        format!("SELECT {columns} FROM {} AS made", quoted(place))
    }

    fn push(&mut self, row: &Row<'_>) -> Result<(), BackendError> {
        for (index, cells) in self.columns.iter_mut().enumerate() {
            let value = row.get_ref(index)?;
            cells.push(value).map_err(|()| misplaced(self.made, self.schema.field(index), value))?;
            self.bytes += weight(value);
        }
        self.rows += 1;
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.rows == ROWS || self.bytes >= BYTES
    }

    fn take(&mut self) -> Result<RecordBatch, BackendError> {
        self.bytes = 0;
        let columns = self.columns.iter_mut().map(ColumnBuilder::take);
        Ok(rows_of(self.made, &self.schema, columns, take(&mut self.rows))?)
    }
}

fn misplaced(made: &StoredObject, field: &Field, value: ValueRef<'_>) -> StoreError {
    let value = match value {
        ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
        ValueRef::Blob(_) => "bytes".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Null => "NULL".to_owned(),
    };
    let (kind, name, column, ty) = (made.kind, &made.name, field.name(), field.data_type());
    StoreError::Unusable(format!(
        "column {column} of {kind} {name} holds {value}, which is no {ty}; change it by UPDATE, or delete the row"
    ))
}
