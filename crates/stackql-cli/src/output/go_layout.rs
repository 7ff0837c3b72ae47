//! How the Go program names the columns of a statement and orders descriptions, for `--compat=stackql`. Knows statements and
//! schemas, no values.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Select, SelectItem, SetExpr};
use stackql_sql::{Statement, parse};

/// What becomes of the names of a statement's columns, or of its rows.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum ResultLayout {
    #[default]
    Unchanged,
    /// Other names for some columns, by their places.
    Renamed(Vec<(usize, String)>),
    /// Rows in the order of their first values, those of `FIRST` in front.
    SortedRows,
}

/// The fields that a description begins with.
const FIRST: [&str; 3] = ["id", "name", "description"];

impl ResultLayout {
    /// The arrangement of a statement's result.
    pub(crate) fn for_statement(statement: &str) -> Self {
        match parse(statement) {
            Ok(Statement::Describe { .. }) => Self::SortedRows,
            Ok(Statement::Query(query)) => leftmost(&query.ast.body).map_or(Self::Unchanged, Self::of_select),
            _ => Self::Unchanged,
        }
    }

    fn of_select(select: &Select) -> Self {
        // Behind a wildcard nobody knows a column's place.
        let plain = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
        if !select.projection.iter().all(plain) {
            return Self::Unchanged;
        }
        let renamed = select.projection.iter().enumerate().filter_map(|(at, item)| match item {
            SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => None,
            SelectItem::UnnamedExpr(expr) => Some((at, column(expr)?)),
            _ => None,
        });
        let renamed: Vec<(usize, String)> = renamed.collect();
        if renamed.is_empty() { Self::Unchanged } else { Self::Renamed(renamed) }
    }

    /// The columns as they are called and ordered here.
    pub(crate) fn schema(&self, schema: SchemaRef) -> SchemaRef {
        match self {
            Self::Unchanged | Self::SortedRows => schema,
            Self::Renamed(names) => {
                let fields = schema.fields().iter().enumerate().map(|(at, field)| {
                    let name = names.iter().find(|(place, _)| *place == at);
                    name.map_or_else(|| field.as_ref().clone(), |(_, name)| Field::clone(field).with_name(name))
                });
                Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
            }
        }
    }

    /// Rows of the statement, arranged.
    pub(crate) fn rows(&self, rows: RecordBatch) -> Result<RecordBatch, ArrowError> {
        match self {
            Self::Unchanged => Ok(rows),
            Self::Renamed(_) => {
                let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
                RecordBatch::try_new_with_options(self.schema(rows.schema()), rows.columns().to_vec(), &options)
            }
            Self::SortedRows => {
                let Some(names) = rows.columns().first().and_then(|column| column.as_string_opt::<i32>()) else {
                    return Ok(rows);
                };
                let place = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
                let mut order: Vec<usize> = (0..rows.num_rows()).collect();
                order.sort_by_key(|row| (place(names.value(*row)), names.value(*row)));
                let order = order.into_iter().filter_map(|row| u32::try_from(row).ok());
                take_record_batch(&rows, &UInt32Array::from_iter_values(order))
            }
        }
    }
}

/// The SELECT that names the columns of a query.
fn leftmost(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => leftmost(&query.body),
        SetExpr::SetOperation { left, .. } => leftmost(left),
        _ => None,
    }
}

/// The column that an expression is, or the first that a function is over.
fn column(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()),
        // Functions with words among their arguments.
        Expr::Trim { expr, .. } | Expr::Substring { expr, .. } | Expr::Floor { expr, .. } | Expr::Ceil { expr, .. } => {
            column(expr)
        }
        Expr::Function(function) => match &function.args {
            FunctionArguments::List(list) => list.args.iter().find_map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => column(expr),
                _ => None,
            }),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
