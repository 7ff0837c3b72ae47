//! Which columns of a row are wanted, and the Arrow schema they have.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use stackql_provider::{Column, Type, Types};

/// The wanted columns of a row, made once a scan and used for every page.
#[derive(Debug, Clone)]
pub struct RowPlan {
    schema: SchemaRef,
}

impl RowPlan {
    /// Name of the hidden column that keeps the fields which the definition does not know, as one JSON object.
    pub const EXTRA: &'static str = "_extra";
    /// Key of the Arrow field metadata whose value `json` marks text that holds JSON.
    pub const FORMAT_KEY: &'static str = "stackql.format";

    /// A plan for these columns in this order; `extra` adds [`Self::EXTRA`] behind them.
    pub fn new(types: &Types, columns: &[Column], extra: bool) -> Self {
        let _ = (types, columns, extra);
        Self { schema: Arc::new(Schema::empty()) }
    }

    /// The Arrow type of a column: Utf8, Int64, Float64, Boolean, Timestamp(Millisecond, "+00:00"); nested values
    /// are Utf8 that holds JSON, marked by [`Self::FORMAT_KEY`].
    pub fn field(types: &Types, column: &Column) -> arrow::datatypes::Field {
        let _ = (types.get(column.ty) == &Type::String, column);
        arrow::datatypes::Field::new(&column.name, arrow::datatypes::DataType::Utf8, true)
    }

    /// The schema of the batches it makes.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
