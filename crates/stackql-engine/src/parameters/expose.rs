//! Brings parameter columns of scans up through nodes that list their columns.

use datafusion::common::Column;
use datafusion::logical_expr::Expr;

use super::Resolution;

/// The parameter columns among `resolutions`, each once, by the names that they have.
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

/// The name of a parameter column above a projection, where relations with fields of one name may share it.
pub(super) fn alias(column: &Column) -> String {
    format!("{} of {}", column.name, column.relation.as_ref().map_or("", |relation| relation.table()))
}
