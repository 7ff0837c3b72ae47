//! Rows of parameters: bindings as an Arrow batch, which is what feeds a `FetchExec`, and back.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use datafusion::common::Result;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::ExecutionPlan;
use stackql_call::{Bindings, RowPlan, Value};

/// The bindings of one row. Columns are named by parameter; text whose field is marked as JSON is nested.
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
            match field.metadata().get(RowPlan::FORMAT_KEY).map(String::as_str) {
                Some("json") => match serde_json::from_str(&text) {
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

/// A leaf plan that yields these bindings, a row each.
pub(crate) fn leaf(rows: &[Bindings]) -> Result<Arc<dyn ExecutionPlan>> {
    let mut names: Vec<&String> = rows.iter().flat_map(Bindings::keys).collect();
    names.sort();
    names.dedup();
    let json = [(RowPlan::FORMAT_KEY.to_owned(), "json".to_owned())];
    let fields: Vec<Field> =
        names.iter().map(|n| Field::new(n.as_str(), DataType::Utf8, true).with_metadata(json.clone().into())).collect();
    let columns: Vec<ArrayRef> = names
        .iter()
        .map(|name| Arc::new(rows.iter().map(|r| r.get(*name).and_then(as_json)).collect::<StringArray>()) as ArrayRef)
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?;
    Ok(MemorySourceConfig::try_new_exec(&[vec![batch]], schema, None)?)
}

fn as_json(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Boolean(b) => b.to_string(),
        Value::Integer(n) => n.to_string(),
        Value::Number(n) => serde_json::Number::from_f64(*n)?.to_string(),
        Value::Text(s) => serde_json::Value::String(s.clone()).to_string(),
        Value::Json(json) => json.to_string(),
    })
}
