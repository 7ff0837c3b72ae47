//! Derives the type labels of a view's columns for DESCRIBE: those of resource fields, of parameters, or of expressions.

use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};

use crate::bind_join::requirements::table_of;

/// The type label of a computed column.
const MADE: &str = "text";

/// The type label of the column at position `at` of a view's plan; empty for a parameter.
pub(crate) fn label(plan: &LogicalPlan, at: usize) -> String {
    match plan {
        LogicalPlan::Projection(projection) => match projection.expr.get(at).map(bare) {
            Some(Expr::Column(column)) => match projection.input.schema().maybe_index_of_column(column) {
                Some(below) => label(&projection.input, below),
                None => MADE.to_owned(),
            },
            _ => MADE.to_owned(),
        },
        LogicalPlan::Join(join) => match join.left.schema().fields().len() {
            left if at < left => label(&join.left, at),
            left => label(&join.right, at - left),
        },
        LogicalPlan::TableScan(scan) => scanned(scan, at).unwrap_or_else(|| MADE.to_owned()),
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::SubqueryAlias(_) => match plan.inputs().first() {
            Some(input) => label(input, at),
            None => MADE.to_owned(),
        },
        _ => MADE.to_owned(),
    }
}

/// The expression without its aliases.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

fn scanned(scan: &TableScan, at: usize) -> Option<String> {
    let at = scan.projection.as_ref().map_or(Some(at), |kept| kept.get(at).copied())?;
    let schema = scan.source.schema();
    let name = schema.fields().get(at)?.name();
    let table = table_of(scan)?;
    if table.columns.is_parameter(name) {
        return Some(String::new());
    }
    let column = table.resource.columns.iter().find(|column| column.name == *name)?;
    Some(table.resource.label_of(column).to_owned())
}
