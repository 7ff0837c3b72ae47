//! Staging of incoming rows.
//!
//! Rows are collected in a temporary table until the last one arrived, and are copied to their table then. The source
//! may take minutes and may itself read from the store. No transaction is open meanwhile, and other writers are not
//! blocked.

use std::pin::pin;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use serde::de::IgnoredAny;
use stackql_engine::Rows;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::column_codec::{Cell, StorageType, is_json};
use super::connection::Session;
use super::ddl::types;
use super::error::{BackendError, rejected};
use super::object_table::{key, table};
use crate::columns::{all_given, carried, fields_of};
use crate::identifier::quoted;
use crate::objects::ObjectEntry;

const TABLE: &str = "pg_temp.\"__stackql__staged\"";

/// All incoming rows, in a temporary table of the session.
#[derive(Debug)]
pub(crate) struct StagingTable {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    field: Arc<Field>,
    kept: StorageType,
    /// Whether the column is marked as JSON and all its values so far are valid JSON.
    is_json: bool,
}

impl StagingTable {
    /// Collects rows until the stream ends; `None` if there were none. Their columns are matched to those of `target`
    /// by name.
    pub(crate) async fn fill(session: &Session, target: &Schema, mut rows: Rows) -> Result<Option<Self>, BackendError> {
        let mut staged: Option<Self> = None;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            if batch.num_rows() == 0 {
                continue;
            }
            let stage = match &mut staged {
                Some(stage) => stage,
                none => none.insert(Self::open(session, target, &batch.schema()).await?),
            };
            stage.add(session, &batch).await?;
        }
        Ok(staged)
    }

    /// Copies the rows into the table of an object and returns their number.
    pub(crate) async fn copy_into(&self, session: &Session, into: &ObjectEntry) -> Result<u64, BackendError> {
        let types = types(session, into).await?;
        let names: Vec<String> = self.columns.iter().map(|column| key(column.field.name())).collect();
        let staged =
            names.iter().enumerate().map(|(index, name)| match types.iter().find(|(known, _)| known == name) {
                // The cast omits the length, so that longer values are rejected instead of truncated.
                Some((_, ty)) => format!("c{index}::{ty}"),
                None => format!("c{index}"),
            });
        let staged: Vec<String> = staged.collect();
        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        let (into, names, staged) = (table(into), names.join(", "), staged.join(", "));
        let copy = format!("INSERT INTO {into} ({names}) SELECT {staged} FROM {TABLE}");
        Ok(session.client().execute(&copy, &[]).await?)
    }

    /// As [`Self::copy_into`], but the rows must have every column of the object.
    pub(crate) async fn copy_all(&self, session: &Session, into: &ObjectEntry) -> Result<u64, BackendError> {
        let fields: Vec<Arc<Field>> = self.columns.iter().map(|column| Arc::clone(&column.field)).collect();
        all_given(&fields, &into.made)?;
        self.copy_into(session, into).await
    }

    /// Drops the temporary table, so that the session can stage other rows.
    pub(crate) async fn drop(session: &Session) -> Result<(), BackendError> {
        Ok(session.client().batch_execute(&format!("DROP TABLE {TABLE}")).await?)
    }

    /// Whether all values of a column are JSON.
    pub(crate) fn is_json(&self, field: &Field) -> bool {
        self.columns.iter().all(|column| column.field.name() != field.name() || column.is_json)
    }

    async fn open(session: &Session, target: &Schema, given: &Schema) -> Result<Self, BackendError> {
        let column =
            |field: Arc<Field>| Ok(Column { kept: StorageType::for_field(&field)?, is_json: is_json(&field), field });
        let columns = fields_of(target, given)?.into_iter().map(column).collect::<Result<Vec<_>, BackendError>>()?;
        let declared: Vec<String> =
            columns.iter().enumerate().map(|(index, column)| format!("c{index} {}", column.kept.sql())).collect();
        session.client().batch_execute(&format!("CREATE TEMPORARY TABLE {TABLE} ({})", declared.join(", "))).await?;
        Ok(Self { columns })
    }

    async fn add(&mut self, session: &Session, batch: &RecordBatch) -> Result<(), BackendError> {
        if batch.num_columns() != self.columns.len() {
            return Err(rejected("the rows have more columns in one batch than in another"));
        }
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for (column, values) in self.columns.iter_mut().zip(batch.columns()) {
            let values = carried(values, &column.field, &column.kept.arrow_type())?;
            column.is_json = column.is_json && all_json(&values);
            arrays.push(values);
        }
        let types: Vec<Type> = self.columns.iter().map(|column| column.kept.sql()).collect();
        let sink = session.client().copy_in(&format!("COPY {TABLE} FROM STDIN (FORMAT binary)")).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for row in 0..batch.num_rows() {
            let cells = self.columns.iter().zip(&arrays).map(|(column, values)| {
                column.kept.value(values, row).map_err(|()| {
                    rejected(format!(
                        "what is to be kept in column {} is text with a zero character, which PostgreSQL has no place \
                         for; leave it out by replace(…, chr(0), '')",
                        column.field.name()
                    ))
                })
            });
            let cells: Vec<Cell<'_>> = cells.collect::<Result<_, _>>()?;
            writer.as_mut().write_raw(&cells).await?;
        }
        writer.finish().await?;
        Ok(())
    }
}

fn all_json(values: &ArrayRef) -> bool {
    let Some(texts) = values.as_string_opt::<i32>() else { return false };
    let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    !texts.is_empty() && texts.iter().flatten().all(is_json)
}
