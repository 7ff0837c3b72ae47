//! Adds the parameter columns of scans to the output of nodes that list their columns.

use datafusion::common::Column;
use datafusion::logical_expr::Expr;

use super::Resolution;

/// The parameter columns among `resolutions`, without duplicates, under their current names.
pub(super) fn exposed(resolutions: &[Resolution]) -> Vec<Expr> {
    let mut columns: Vec<Expr> = Vec::new();
    for resolution in resolutions {
        if let Resolution::Parameter { column, .. } = resolution {
            let column = Expr::Column(column.clone());
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
    }
    columns
}

/// The name of a parameter column above a projection; it includes the relation, since other relations may have such a field.
pub(super) fn alias(column: &Column) -> String {
    format!("{} of {}", column.name, column.relation.as_ref().map_or("", |relation| relation.table()))
}
