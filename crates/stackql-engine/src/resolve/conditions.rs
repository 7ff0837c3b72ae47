//! Rewrites the WHERE condition of a SELECT before its names are resolved. An alias of the select list that no column has is
//! replaced by its expression, and a column of USING by that of the side that preserves its rows. A condition on an
//! unqualified parameter that several relations have is repeated for each of them.

use std::cell::RefCell;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, JoinConstraint, JoinOperator, Query, Select, SelectItem, VisitMut, VisitorMut,
};
use stackql_functions::{call, constraint};
use stackql_provider::names::{NameMatch, match_name};

use super::relation::Relation;

/// Rewrites the condition of WHERE so that each name in it denotes one column.
pub(crate) fn spell_out(select: &mut Select, relations: &[Relation]) {
    let Some(mut condition) = select.selection.take() else { return };
    let mut aliases = aliases(select, relations);
    aliases.extend(merged(select, relations));
    if !aliases.is_empty() {
        let named = |name: &str| aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
        replace(&mut condition, &|name| named(name).map(|(_, expr)| expr.clone()));
    }
    select.selection = Some(on_each(condition, relations));
}

/// The aliases of the select list that are not columns of the relations, with their expressions.
fn aliases(select: &Select, relations: &[Relation]) -> Vec<(String, Expr)> {
    if relations.iter().any(|relation| relation.opaque) {
        return Vec::new();
    }
    let is_free = |name: &str| match_name(name, relations.iter().flat_map(Relation::names)) == NameMatch::None;
    let alias = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { expr, alias } if is_free(&alias.value) => {
            Some((alias.value.clone(), Expr::Nested(Box::new(expr.clone()))))
        }
        _ => None,
    };
    select.projection.iter().filter_map(alias).collect()
}

/// The unqualified columns of USING with their values: the column of the side that preserves its rows, or of either in a
/// full join.
fn merged(select: &Select, relations: &[Relation]) -> Vec<(String, Expr)> {
    let mut merged = Vec::new();
    for join in select.from.iter().flat_map(|from| &from.joins) {
        let Some(JoinConstraint::Using(columns)) = constraint(&join.join_operator) else { continue };
        for name in columns.iter().filter_map(|column| column.0.last()?.as_ident()).map(|name| &name.value) {
            let mut sides = relations.iter().filter_map(|relation| match match_name(name, relation.names()) {
                NameMatch::One(own) => Some(relation.column(own)),
                _ => None,
            });
            let (Some(left), Some(right)) = (sides.next(), sides.next_back()) else { continue };
            let column = match &join.join_operator {
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) => right,
                JoinOperator::FullOuter(_) => call("coalesce", vec![left, right]),
                _ => left,
            };
            merged.push((name.clone(), column));
        }
    }
    merged
}

/// The condition with each conjunct on a shared parameter repeated for every relation that has it.
fn on_each(condition: Expr, relations: &[Relation]) -> Expr {
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            and(on_each(*left, relations), on_each(*right, relations))
        }
        Expr::Nested(inner) if matches!(*inner, Expr::BinaryOp { op: BinaryOperator::And, .. }) => {
            Expr::Nested(Box::new(on_each(*inner, relations)))
        }
        conjunct => {
            let mut shared = names(&conjunct).into_iter().filter_map(|name| Some((columns(&name, relations)?, name)));
            let Some((columns, name)) = shared.next() else { return conjunct };
            let of_column = |column: Expr| {
                let mut condition = conjunct.clone();
                replace(&mut condition, &|found| (found == name).then(|| column.clone()));
                // The conjunct may contain another shared parameter.
                on_each(condition, relations)
            };
            columns.into_iter().map(of_column).reduce(and).unwrap_or(conjunct)
        }
    }
}

/// The columns that a name denotes, where several relations have it and it is a parameter of each.
fn columns(name: &str, relations: &[Relation]) -> Option<Vec<Expr>> {
    let column = |relation: &Relation| match match_name(name, relation.names()) {
        NameMatch::One(own) => Some(relation.is_parameter(own).then(|| relation.column(own))),
        _ => None,
    };
    let columns: Option<Vec<Expr>> = relations.iter().filter_map(column).collect();
    columns.filter(|columns| columns.len() > 1)
}

fn and(left: Expr, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::And, right: Box::new(right) }
}

/// The unqualified names in a condition, outside of its subqueries.
fn names(condition: &Expr) -> Vec<String> {
    let names = RefCell::new(Vec::new());
    replace(&mut condition.clone(), &|name| {
        names.borrow_mut().push(name.to_owned());
        None
    });
    names.into_inner()
}

/// Replaces unqualified names by expressions, outside of subqueries.
fn replace(condition: &mut Expr, by: &dyn Fn(&str) -> Option<Expr>) {
    struct Replace<'a> {
        by: &'a dyn Fn(&str) -> Option<Expr>,
        depth: usize,
    }
    impl VisitorMut for Replace<'_> {
        type Break = ();

        fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
            self.depth += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }

        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if self.depth == 0
                && let Expr::Identifier(ident) = expr
                && let Some(replacement) = (self.by)(&ident.value)
            {
                *expr = replacement;
            }
            ControlFlow::Continue(())
        }
    }
    let _: ControlFlow<()> = condition.visit(&mut Replace { by, depth: 0 });
}
