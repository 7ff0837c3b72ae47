//! Column names and row order of the Go program, for `--compat=stackql`. Input is the statement and the result's schema
//! or rows.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Select, SelectItem, SetExpr};
use stackql_sql::{Statement, parse};

/// How the columns or rows of a statement's result are rearranged.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum ResultLayout {
    #[default]
    Unchanged,
    /// Some columns, given by position, get other names.
    Renamed(Vec<(usize, String)>),
    /// Rows are sorted by their first values; those in `FIRST` come first.
    SortedRows,
}

/// The fields with which a description begins.
const FIRST: [&str; 3] = ["id", "name", "description"];

impl ResultLayout {
    /// The layout of a statement's result.
    pub(crate) fn for_statement(statement: &str) -> Self {
        match parse(statement) {
            Ok(Statement::Describe { .. }) => Self::SortedRows,
            Ok(Statement::Query(query)) => leftmost(&query.ast.body).map_or(Self::Unchanged, Self::of_select),
            _ => Self::Unchanged,
        }
    }

    fn of_select(select: &Select) -> Self {
        // After a wildcard, the positions of columns are unknown.
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

    /// The schema with the renamed columns.
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

    /// Rearranges rows of the statement.
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

/// The column that an expression refers to, or the first column among a function's arguments.
fn column(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()),
        // Functions with keywords among their arguments.
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
