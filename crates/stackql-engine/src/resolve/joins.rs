//! Joins in forms that the planner does not have, or takes to be about hidden columns, too: `NATURAL` becomes `USING` the
//! columns that both sides show, and `STRAIGHT_JOIN`, whose order is only advice, an inner join.

use datafusion::sql::sqlparser::ast::{
    JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Select, TableFactor, TableWithJoins,
};

use super::quoted;
use super::relation::{Relation, Relations};
use crate::error::Error;

/// Rewrites the joins of a SELECT.
pub(super) fn settle(select: &mut Select, relations: &mut Relations) -> Result<(), Error> {
    for from in &mut select.from {
        for at in 0..from.joins.len() {
            let before = TableWithJoins { relation: from.relation.clone(), joins: from.joins[..at].to_vec() };
            let join = &mut from.joins[at];
            if let JoinOperator::StraightJoin(constraint) = &join.join_operator {
                join.join_operator = JoinOperator::Inner(constraint.clone());
            }
            let Some(constraint) = natural(&mut join.join_operator) else { continue };
            let left = relations.of(&[before])?;
            let right = relations.of(&[alone(join.relation.clone())])?;
            if left.iter().chain(&right).all(|relation| !relation.opaque) {
                *constraint = common(&left, &right);
            }
        }
    }
    Ok(())
}

fn alone(relation: TableFactor) -> TableWithJoins {
    TableWithJoins { relation, joins: Vec::new() }
}

/// The constraint of a join, if it is NATURAL.
fn natural(join: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match join {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint) => Some(constraint).filter(|c| **c == JoinConstraint::Natural),
        _ => None,
    }
}

/// The columns that both sides show; without any, each row goes with each.
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
