//! Builds the batches of a table from the decoded rows of a response and the values that were bound for the call.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{Result, ScalarValue};
use stackql_call::{Call, Operation, RowProjection};
use stackql_provider::names::fold;

use crate::table::columns::parameter_field;

/// Where the columns of a call's output come from.
#[derive(Debug, Clone)]
pub(crate) struct OutputMapping {
    schema: SchemaRef,
    columns: Vec<OutputColumn>,
}

/// Where one column comes from.
#[derive(Debug, Clone)]
pub(crate) enum OutputColumn {
    /// A column of the decoded rows, by position; where a batch has only NULL in it, the value bound to the named parameter.
    Row(usize, Option<String>),
    /// The value that was bound to a parameter or to the scope.
    Binding(String),
}

impl OutputMapping {
    pub(crate) fn new(schema: SchemaRef, columns: Vec<OutputColumn>) -> Self {
        Self { schema, columns }
    }

    /// The mapping that outputs the decoded rows as they are, followed by the parameters and the scope that are not fields of
    /// the rows.
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
        // `parameter = value` binds a list parameter to a list of one.
        Some(serde_json::Value::Array(items)) => match items.as_slice() {
            [serde_json::Value::String(only)] => only.clone(),
            _ => serde_json::Value::Array(items.clone()).to_string(),
        },
        Some(other) => other.to_string(),
    };
    ScalarValue::Utf8(Some(text)).cast_to(data_type)
}
