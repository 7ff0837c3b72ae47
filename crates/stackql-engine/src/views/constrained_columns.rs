//! Determines to which columns of relations a SELECT supplies values, by its WHERE and its join conditions. Reads only the
//! parsed SQL.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, JoinConstraint, JoinOperator, Select, TableFactor, TableWithJoins,
};
use stackql_provider::names::fold;

/// The columns to which a SELECT supplies values, each as the parts of its qualified name.
#[derive(Debug)]
pub(crate) struct ConstrainedColumns(BTreeSet<Vec<String>>);

impl ConstrainedColumns {
    /// The columns to which `select` supplies values.
    pub(crate) fn by(select: &Select) -> Self {
        let mut all = select.selection.as_ref().map(columns).unwrap_or_default();
        select.from.iter().for_each(|from| joined(from, &mut all));
        Self(all)
    }

    /// Whether a column of the relation is among them; `called` is the parts of the relation's qualified name or its alias.
    pub(crate) fn has(&self, called: &[String], column: &str) -> bool {
        self.0.iter().any(|words| {
            let Some((last, before)) = words.split_last() else { return false };
            let own = called.iter().rev();
            let is_own = before.iter().rev().zip(own).all(|(word, own)| word.eq_ignore_ascii_case(own));
            fold(last) == fold(column) && before.len() <= called.len() && is_own
        })
    }
}

/// Adds the columns of join conditions.
fn joined(from: &TableWithJoins, all: &mut BTreeSet<Vec<String>>) {
    let relations = std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation));
    for relation in relations {
        if let TableFactor::NestedJoin { table_with_joins, .. } = relation {
            joined(table_with_joins, all);
        }
    }
    for join in &from.joins {
        match constraint(&join.join_operator) {
            Some(JoinConstraint::On(condition)) => all.extend(columns(condition)),
            Some(JoinConstraint::Using(names)) => {
                let words = names.iter().filter_map(|name| name.0.last()?.as_ident()).map(word);
                all.extend(words.map(|word| vec![word]));
            }
            _ => {}
        }
    }
}

/// The columns that a condition equates with something or restricts to a list or range.
fn columns(condition: &Expr) -> BTreeSet<Vec<String>> {
    let one = |expr: &Expr| identifier_parts(expr).into_iter().collect();
    match condition {
        Expr::Nested(inner) => columns(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            columns(left).into_iter().chain(columns(right)).collect()
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => &columns(left) & &columns(right),
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            identifier_parts(left).into_iter().chain(identifier_parts(right)).collect()
        }
        Expr::InList { expr, negated: false, .. }
        | Expr::InSubquery { expr, negated: false, .. }
        | Expr::Between { expr, negated: false, .. } => one(expr),
        _ => BTreeSet::new(),
    }
}

/// The parts of a column's qualified name.
fn identifier_parts(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Identifier(name) => Some(vec![word(name)]),
        Expr::CompoundIdentifier(parts) => Some(parts.iter().map(word).collect()),
        Expr::Nested(inner) => identifier_parts(inner),
        _ => None,
    }
}

fn word(name: &Ident) -> String {
    name.value.clone()
}

fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(c)
        | JoinOperator::Inner(c)
        | JoinOperator::Left(c)
        | JoinOperator::LeftOuter(c)
        | JoinOperator::Right(c)
        | JoinOperator::RightOuter(c)
        | JoinOperator::LeftSemi(c)
        | JoinOperator::Semi(c)
        | JoinOperator::StraightJoin(c) => Some(c),
        _ => None,
    }
}
