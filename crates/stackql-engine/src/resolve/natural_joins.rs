//! Rewrites joins that the planner does not support as they are. `NATURAL` becomes `USING` over the columns that both sides
//! show, since the planner would include hidden ones. `STRAIGHT_JOIN`, whose order is only advice, becomes an inner join. The
//! ON of an inner join may name relations that FROM lists later.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Select, TableFactor,
    TableWithJoins, visit_expressions,
};
use stackql_functions::constraint_mut;
use stackql_provider::names::{NameMatch, match_name};

use super::names::quoted;
use super::relation::{Relation, RelationResolver};
use crate::error::Error;

/// Rewrites the joins of a SELECT.
pub(crate) fn rewrite_natural_joins(select: &mut Select, relations: &mut RelationResolver) -> Result<(), Error> {
    look_ahead(select, relations)?;
    for from in &mut select.from {
        for at in 0..from.joins.len() {
            let before = TableWithJoins { relation: from.relation.clone(), joins: from.joins[..at].to_vec() };
            let join = &mut from.joins[at];
            if let JoinOperator::StraightJoin(constraint) = &join.join_operator {
                join.join_operator = JoinOperator::Inner(constraint.clone());
            }
            let Some(constraint) = natural(&mut join.join_operator) else { continue };
            let left = relations.relations_of_from(&[before])?;
            let right = relations.relations_of_from(&[alone(join.relation.clone())])?;
            if left.iter().chain(&right).all(|relation| !relation.opaque) {
                *constraint = common(&left, &right);
            }
        }
    }
    Ok(())
}

/// Moves the ON of an inner join that names relations which FROM lists later to WHERE. As in SQLite, such a condition sees
/// all of FROM.
fn look_ahead(select: &mut Select, relations: &mut RelationResolver) -> Result<(), Error> {
    let all = relations.relations_of_from(&select.from)?;
    let mut later = Vec::new();
    for from in &mut select.from {
        let keeps_right = |join: &Join| {
            use JoinOperator::{FullOuter, Right, RightOuter};
            matches!(join.join_operator, Right(_) | RightOuter(_) | FullOuter(_))
        };
        if from.joins.iter().any(keeps_right) {
            continue;
        }
        for at in 0..from.joins.len() {
            let so_far = TableWithJoins { relation: from.relation.clone(), joins: from.joins[..=at].to_vec() };
            let operator = &mut from.joins[at].join_operator;
            let (JoinOperator::Join(JoinConstraint::On(on)) | JoinOperator::Inner(JoinConstraint::On(on))) = &*operator
            else {
                continue;
            };
            let seen = relations.relations_of_from(&[so_far])?;
            if names_of(on).iter().any(|name| !has(&seen, name) && has(&all, name)) {
                later.push(on.clone());
                *operator = JoinOperator::CrossJoin(JoinConstraint::None);
            }
        }
    }
    let conditions = later.into_iter().map(|on| Expr::Nested(Box::new(on))).chain(select.selection.take());
    let and = |left, right| Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::And, right: Box::new(right) };
    select.selection = conditions.reduce(and);
    Ok(())
}

/// The columns that a condition names, each as the parts of its qualified name.
fn names_of(condition: &Expr) -> Vec<Vec<String>> {
    let mut names = Vec::new();
    let _: ControlFlow<()> = visit_expressions(condition, |expr| {
        match expr {
            Expr::Identifier(name) => names.push(vec![name.value.clone()]),
            Expr::CompoundIdentifier(parts) => names.push(parts.iter().map(|part| part.value.clone()).collect()),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    names
}

/// Whether one of these relations has a column of this qualified name.
fn has(relations: &[Relation], name: &[String]) -> bool {
    let Some((column, qualifier)) = name.split_last() else { return false };
    let qualifier: Vec<&str> = qualifier.iter().map(String::as_str).collect();
    let is_of = |relation: &Relation| match qualifier.as_slice() {
        [] => match_name(column, relation.names()) != NameMatch::None,
        words => relation.is_called(words),
    };
    relations.iter().any(is_of)
}

fn alone(relation: TableFactor) -> TableWithJoins {
    TableWithJoins { relation, joins: Vec::new() }
}

/// The constraint of a join, if it is NATURAL.
fn natural(join: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    constraint_mut(join).filter(|constraint| **constraint == JoinConstraint::Natural)
}

/// The constraint over the columns that both sides show; without any, the join is a cross join.
fn common(left: &[Relation], right: &[Relation]) -> JoinConstraint {
    let shown = |relations: &[Relation]| -> Vec<String> {
        relations.iter().flat_map(|relation| relation.visible_names().map(str::to_owned)).collect()
    };
    let others = shown(right);
    let mut names: Vec<ObjectName> = Vec::new();
    for name in shown(left).into_iter().filter(|name| others.contains(name)) {
        let name = ObjectName(vec![ObjectNamePart::Identifier(quoted(&name))]);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() { JoinConstraint::None } else { JoinConstraint::Using(names) }
}
