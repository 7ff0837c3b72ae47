//! Makes the batches of a table out of the rows of an answer and the values that were bound for it.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{Result, ScalarValue};
use stackql_call::{Call, Operation, RowProjection};
use stackql_provider::names::fold;

use crate::table::columns::parameter_field;

/// How the columns of a fetch's output come about.
#[derive(Debug, Clone)]
pub(crate) struct OutputMapping {
    schema: SchemaRef,
    columns: Vec<OutputColumn>,
}

/// Where one column comes from.
#[derive(Debug, Clone)]
pub(crate) enum OutputColumn {
    /// A column of the answer's rows; where the answer leaves it out, the value bound to the parameter, if one is named.
    Row(usize, Option<String>),
    /// The value bound to a parameter, or to the scope.
    Binding(String),
}

impl OutputMapping {
    pub(crate) fn new(schema: SchemaRef, columns: Vec<OutputColumn>) -> Self {
        Self { schema, columns }
    }

    /// The answer's rows as they are, and behind them what was bound: the parameters that are no field of the rows,
    /// and the scope.
    pub(crate) fn for_response_and_bindings(operation: &Operation, plan: &RowProjection) -> Self {
        let mut fields: Vec<FieldRef> = plan.schema().fields().iter().cloned().collect();
        let mut columns: Vec<OutputColumn> = (0..fields.len()).map(|i| OutputColumn::Row(i, None)).collect();
        let mut add = |field: Field, parameter: &str| {
            if !fields.iter().any(|f| fold(f.name()) == fold(field.name())) {
                fields.push(Arc::new(field));
                columns.push(OutputColumn::Binding(parameter.to_owned()));
            }
        };
        for parameter in &operation.method().parameters {
            add(parameter_field(&operation.resource, parameter), &parameter.name);
        }
        if let Some(scope) = &operation.service.endpoints.scope {
            add(Field::new(scope, DataType::Utf8, true), scope);
        }
        Self { schema: Arc::new(Schema::new(fields)), columns }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(crate) fn batch(&self, call: &Call, rows: &RecordBatch) -> Result<RecordBatch> {
        let count = rows.num_rows();
        let column = |(i, from): (usize, &OutputColumn)| -> Result<ArrayRef> {
            let data_type = self.schema.field(i).data_type();
            match from {
                OutputColumn::Row(at, parameter) => {
                    let column = Arc::clone(rows.column(*at));
                    match parameter {
                        Some(parameter) if count > 0 && column.null_count() == count => {
                            bound_scalar(call, parameter, data_type)?.to_array_of_size(count)
                        }
                        _ => Ok(column),
                    }
                }
                OutputColumn::Binding(parameter) => bound_scalar(call, parameter, data_type)?.to_array_of_size(count),
            }
        };
        let columns = self.columns.iter().enumerate().map(column).collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        Ok(RecordBatch::try_new_with_options(self.schema(), columns, &options)?)
    }
}

fn bound_scalar(call: &Call, parameter: &str, data_type: &DataType) -> Result<ScalarValue> {
    if call.operation().service.endpoints.scope.as_deref() == Some(parameter) {
        return ScalarValue::Utf8(call.scope().map(str::to_owned)).cast_to(data_type);
    }
    let text = match call.argument(parameter) {
        None | Some(serde_json::Value::Null) => return ScalarValue::try_from(data_type),
        Some(serde_json::Value::String(s)) => s.clone(),
        // A list of one is what `parameter = value` bound.
        Some(serde_json::Value::Array(items)) => match items.as_slice() {
            [serde_json::Value::String(only)] => only.clone(),
            _ => serde_json::Value::Array(items.clone()).to_string(),
        },
        Some(other) => other.to_string(),
    };
    ScalarValue::Utf8(Some(text)).cast_to(data_type)
}
