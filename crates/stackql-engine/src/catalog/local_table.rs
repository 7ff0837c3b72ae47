//! Local objects as statements create them (views, materialized views and tables, stored in a [`Store`]): column types,
//! conversion of rows, lookup of a table to change.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::sql::sqlparser::ast::{ColumnDef, ColumnOption, DataType as SqlType};
use futures::{StreamExt, TryStreamExt, stream};
use stackql_sql::{ObjectKind, ObjectName};

use crate::call::context::Context;
use crate::error::Error;
use crate::{Failure, Rows, Store, StoreError, StoredKind, StoredObject};

impl From<ObjectKind> for StoredKind {
    fn from(made: ObjectKind) -> Self {
        match made {
            ObjectKind::View => Self::View,
            ObjectKind::MaterializedView => Self::MaterializedView,
            ObjectKind::Table => Self::Table,
        }
    }
}

/// The local or built-in table that a one-part name denotes; `None` if the name has several parts or denotes nothing.
///
/// # Errors
///
/// The name denotes a view or materialized view, which cannot be changed.
pub(crate) fn local_table(context: &Context, name: &ObjectName) -> Result<Option<Arc<StoredObject>>, Error> {
    let [one] = name.0.as_slice() else { return Ok(None) };
    match context.find_object(one) {
        Some(made) if made.kind == StoredKind::Table => Ok(Some(made)),
        Some(made) => Err(Error::invalid(format!("{} is a {}, whose rows its query gives", made.name, made.kind))),
        None => Ok(None),
    }
}

/// The Arrow schema of a table with these column definitions.
pub(crate) fn table_schema(columns: &[ColumnDef]) -> SchemaRef {
    let field = |column: &ColumnDef| {
        // Only NOT NULL makes a column not nullable; SQLite allows NULL in a primary key.
        let nullable = !column.options.iter().any(|o| matches!(o.option, ColumnOption::NotNull));
        Field::new(&column.name.value, type_of(&column.data_type), nullable)
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// The Arrow type of a column, by parts of the type name, similar to the type affinity rules of SQLite.
fn type_of(data_type: &SqlType) -> DataType {
    let name = data_type.to_string().to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    match () {
        () if has(&["INT"]) => DataType::Int64,
        () if has(&["BOOL"]) => DataType::Boolean,
        () if has(&["REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL"]) => DataType::Float64,
        () => DataType::Utf8,
    }
}

/// Casts the rows of a plan to the schema of a stored object.
pub(crate) fn rows_for_store(rows: SendableRecordBatchStream, schema: SchemaRef) -> Rows {
    let cast_to = move |batch: RecordBatch| -> Result<RecordBatch, DataFusionError> {
        let columns = batch.columns().iter().zip(schema.fields());
        let columns = columns.map(|(column, field)| cast_exact(column, field)).collect::<Result<Vec<_>, _>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
    };
    let told = |error: DataFusionError| StoreError::Rows(Failure::from(error).message);
    rows.map(move |batch| batch.and_then(&cast_to)).map_err(told).boxed()
}

/// Casts values to the type of a column.
///
/// # Errors
///
/// A value does not fit: the cast fails, or drops the fraction of a number.
fn cast_exact(values: &ArrayRef, field: &Field) -> Result<ArrayRef, DataFusionError> {
    let misfit = |why: String| Error::invalid(format!("a value does not fit the column {}: {why}", field.name()));
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let fitted = cast_with_options(values, field.data_type(), &strict).map_err(|error| match error {
        ArrowError::CastError(why) => misfit(why),
        other => misfit(other.to_string()),
    })?;
    let cuts = field.data_type().is_integer() && values.data_type().is_numeric() && !values.data_type().is_integer();
    if cuts && cast(&fitted, values.data_type())?.as_ref() != values.as_ref() {
        return Err(misfit("it is no whole number".to_owned()).into());
    }
    Ok(fitted)
}

/// An empty stream of rows.
pub(crate) fn no_rows() -> Rows {
    stream::empty().boxed()
}

/// The schema in which a store keeps rows of `schema`: booleans, 64-bit integers, floats, timestamps and text, all nullable.
pub(crate) fn storage_schema(schema: &Schema) -> SchemaRef {
    let kept = |field: &Arc<Field>| {
        let data_type = match field.data_type() {
            DataType::Boolean => DataType::Boolean,
            t if t.is_integer() => DataType::Int64,
            t if t.is_floating() || matches!(t, DataType::Decimal128(..) | DataType::Decimal256(..)) => {
                DataType::Float64
            }
            time @ DataType::Timestamp(..) => time.clone(),
            _ => DataType::Utf8,
        };
        Field::new(field.name(), data_type, true).with_metadata(field.metadata().clone())
    };
    Arc::new(Schema::new(schema.fields().iter().map(kept).collect::<Vec<_>>()))
}

/// All objects of the store; none without a store.
pub(crate) async fn all(store: Option<&Arc<dyn Store>>) -> Result<Vec<Arc<StoredObject>>, Error> {
    match store {
        Some(store) => Ok(store.list().await?.into_iter().map(Arc::new).collect()),
        None => Ok(Vec::new()),
    }
}
