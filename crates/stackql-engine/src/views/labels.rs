//! What the columns of a view are: fields of a resource's rows, parameters of it, or made of them.

use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};

use crate::bind_join::requirements::table_of;

/// What is called the type of a column that is made of others.
const MADE: &str = "text";

/// What DESCRIBE calls the type of the column at `at` of a view's plan. A parameter has none: it is what is given.
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

/// The expression without the names that it is given.
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
