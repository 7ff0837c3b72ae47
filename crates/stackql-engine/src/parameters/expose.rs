//! Brings parameter columns of scans up through nodes that list their columns.

use datafusion::common::Column;
use datafusion::logical_expr::Expr;

use super::Fate;

/// The columns that a node shows beside its own.
pub(super) struct Exposed {
    pub(super) columns: Vec<Expr>,
}

impl Exposed {
    /// The parameter columns among `fates`, each once, by the names that they have.
    pub(super) fn plain(fates: &[Fate]) -> Self {
        let mut columns: Vec<Expr> = Vec::new();
        for fate in fates {
            if let Fate::Parameter { column, .. } = fate {
                let column = Expr::Column(column.clone());
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
        Self { columns }
    }

    /// The same under names of their own, which relations with fields of one name may share, and the fates by these.
    pub(super) fn aliased(mut fates: Vec<Fate>) -> (Self, Vec<Fate>) {
        let mut columns: Vec<Expr> = Vec::new();
        for fate in &mut fates {
            if let Fate::Parameter { column, .. } = fate {
                let name = format!("{} of {}", column.name, column.relation.as_ref().map_or("", |r| r.table()));
                let exposed = Expr::Column(column.clone()).alias(name.clone());
                if !columns.contains(&exposed) {
                    columns.push(exposed);
                }
                *column = Column::new_unqualified(name);
            }
        }
        (Self { columns }, fates)
    }
}
