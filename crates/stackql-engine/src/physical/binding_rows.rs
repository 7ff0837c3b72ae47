//! Converts between bindings and Arrow batches: the rows of parameters that are the input of a `CallExec`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use datafusion::common::Result;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::ExecutionPlan;
use stackql_call::{Bindings, RowProjection, Value};

/// The bindings of one row; columns are named by parameter, and NULL binds nothing. Text whose field is marked as JSON is
/// parsed; text whose field is marked as text stays a JSON string.
pub(crate) fn bindings(batch: &RecordBatch, row: usize) -> Result<Bindings> {
    let mut bindings = Bindings::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let value = value(field, column, row)?;
        if value != Value::Null {
            bindings.insert(field.name().clone(), value);
        }
    }
    Ok(bindings)
}

fn value(field: &Field, column: &ArrayRef, row: usize) -> Result<Value> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    let one = column.slice(row, 1);
    Ok(match column.data_type() {
        DataType::Boolean => Value::Boolean(one.as_boolean().value(0)),
        t if t.is_integer() => match cast(&one, &DataType::Int64)? {
            one if one.is_null(0) => {
                return Err(DataFusionError::Execution(format!("{}: number too large", field.name())));
            }
            one => Value::Integer(one.as_primitive::<Int64Type>().value(0)),
        },
        t if t.is_floating() || matches!(t, DataType::Decimal128(..) | DataType::Decimal256(..)) => {
            Value::Number(cast(&one, &DataType::Float64)?.as_primitive::<Float64Type>().value(0))
        }
        DataType::Null => Value::Null,
        _ => {
            let text = cast(&one, &DataType::Utf8)?;
            let text = text.as_string::<i32>().value(0).to_owned();
            match field.metadata().get(RowProjection::FORMAT_KEY).map(String::as_str) {
                Some(BOUND) => serde_json::from_str(&text).map_err(|e| DataFusionError::External(Box::new(e)))?,
                // The text may look like JSON; it must remain a string.
                Some(stackql_functions::TEXT) => Value::Json(serde_json::Value::String(text)),
                Some(stackql_functions::JSON) => match serde_json::from_str(&text) {
                    Ok(serde_json::Value::String(text)) => Value::Text(text),
                    Ok(serde_json::Value::Bool(b)) => Value::Boolean(b),
                    Ok(serde_json::Value::Number(n)) => match (n.as_i64(), n.as_f64()) {
                        (Some(n), _) => Value::Integer(n),
                        (None, Some(n)) => Value::Number(n),
                        (None, None) => Value::Text(text),
                    },
                    Ok(json) => Value::Json(json),
                    Err(_) => Value::Text(text),
                },
                _ => Value::Text(text),
            }
        }
    })
}

/// The format of a column of [`leaf`]: each cell is a [`Value`] encoded as JSON.
const BOUND: &str = "bound";

/// A leaf plan that yields these bindings, one row each.
pub(crate) fn leaf(rows: &[Bindings]) -> Result<Arc<dyn ExecutionPlan>> {
    let mut names: Vec<&String> = rows.iter().flat_map(Bindings::keys).collect();
    names.sort();
    names.dedup();
    let bound = [(RowProjection::FORMAT_KEY.to_owned(), BOUND.to_owned())];
    let field = |name: &&String| Field::new(name.as_str(), DataType::Utf8, true).with_metadata(bound.clone().into());
    let fields: Vec<Field> = names.iter().map(field).collect();
    let text = |value: &Value| serde_json::to_string(value).map_err(|e| DataFusionError::External(Box::new(e)));
    let column = |name: &&String| -> Result<ArrayRef> {
        let cells = rows.iter().map(|row| row.get(*name).map(text).transpose());
        Ok(Arc::new(cells.collect::<Result<StringArray>>()?))
    };
    let columns = names.iter().map(column).collect::<Result<Vec<_>>>()?;
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?;
    Ok(MemorySourceConfig::try_new_exec(&[vec![batch]], schema, None)?)
}
