//! [`RowProjection`]: the projected columns of a row, their Arrow schema, and the builders that decoders fill.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use stackql_provider::{Column, Type, TypeRef, Types};

pub(crate) mod builder;

/// The columns to decode from each row (projection pushdown). It is built once for each scan and used for every page.
#[derive(Debug, Clone)]
pub struct RowProjection {
    schema: SchemaRef,
    pub(crate) types: Arc<Types>,
    pub(crate) columns: Arc<[ProjectedColumn]>,
    /// Columns that are filled from the same member of a row: the index of the first one, and that of the other.
    pub(crate) twins: Arc<[(usize, usize)]>,
    pub(crate) extra: bool,
}

/// A projected column.
#[derive(Debug, Clone)]
pub(crate) struct ProjectedColumn {
    pub(crate) wire: String,
    pub(crate) ty: TypeRef,
    /// Whether it is a list whose elements are directly in the row, one after the other.
    pub(crate) flattened: bool,
}

impl RowProjection {
    /// The name of the hidden column with the members that the definition does not know, as one JSON object.
    pub const EXTRA: &'static str = "_extra";
    /// The key of the Arrow field metadata; its value `json` marks text that is JSON.
    pub const FORMAT_KEY: &'static str = "stackql.format";

    /// Projects these columns in this order; `extra` appends the column [`Self::EXTRA`].
    pub fn new(types: &Types, columns: &[Column], extra: bool) -> Self {
        let mut fields: Vec<Field> = columns.iter().map(|c| Self::field(types, c)).collect();
        if extra {
            fields.push(Field::new(Self::EXTRA, DataType::Utf8, true).with_metadata(json_mark()));
        }
        let plan_column = |c: &Column| ProjectedColumn {
            wire: c.wire.clone(),
            ty: c.ty,
            flattened: matches!(types.get(c.ty), Type::List { flattened: true, .. }),
        };
        let twin = |(at, c): (usize, &Column)| {
            let first = columns[..at].iter().position(|earlier| earlier.wire == c.wire)?;
            (!c.wire.is_empty()).then_some((first, at))
        };
        // The quadratic search is cheap: few resources have many columns, and only those whose schemas are merged.
        let twins = columns.iter().enumerate().filter_map(twin).collect();
        Self {
            twins,
            schema: Arc::new(Schema::new(fields)),
            types: Arc::new(types.clone()),
            columns: columns.iter().map(plan_column).collect(),
            extra,
        }
    }

    /// The Arrow field of a column, always nullable. Its type is Utf8, Int64, Float64, Boolean or
    /// Timestamp(Microsecond, "+00:00"); a nested value is Utf8 with JSON, marked by [`Self::FORMAT_KEY`].
    pub fn field(types: &Types, column: &Column) -> Field {
        let shape = types.get(column.ty);
        let data_type = match shape {
            Type::Integer | Type::Bit => DataType::Int64,
            Type::Number => DataType::Float64,
            Type::Boolean => DataType::Boolean,
            Type::Timestamp(_) => DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
            _ => DataType::Utf8,
        };
        let field = Field::new(&column.name, data_type, true);
        if shape.is_nested() { field.with_metadata(json_mark()) } else { field }
    }

    /// The schema of the decoded batches.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

fn json_mark() -> std::collections::HashMap<String, String> {
    [(RowProjection::FORMAT_KEY.to_owned(), "json".to_owned())].into()
}
