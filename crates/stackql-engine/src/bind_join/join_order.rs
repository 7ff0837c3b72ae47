//! Join ordering: reorders the inner joins of three or more relations so that each relation is bound by those before it.

use std::sync::Arc;

use datafusion::common::{DFSchemaRef, NullEquality, Result};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{
    BinaryExpr, Expr, Filter, Join, JoinConstraint, JoinType, LogicalPlan, Operator, Projection,
};

use super::join::{Outer, feed_from};
use super::requirements::unbound_scans;
use super::rewrite::{JoinIds, rewrite};

/// A join group: the relations and conditions of nested inner joins, without an order.
#[derive(Debug)]
pub(crate) struct JoinGroup {
    relations: Vec<LogicalPlan>,
    conditions: Vec<Expr>,
    /// The output schema of the group.
    schema: DFSchemaRef,
}

/// How suitable a relation is as the next one to join; greater is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum JoinRank {
    /// It is missing parameters that the joined relations do not supply.
    Independent,
    /// It is missing no parameters, but no equality connects it.
    Apart,
    /// It is missing no parameters.
    Whole,
    /// A bind join supplies its missing parameters, or those of the joined relations.
    Bound,
}

impl JoinGroup {
    /// The join group at the root of a plan, if it has more than two relations and one of them is missing parameters.
    pub(crate) fn from_plan(plan: &LogicalPlan) -> Option<Self> {
        if !matches!(plan, LogicalPlan::Join(join) if is_inner(join)) || unbound_scans(plan).is_empty() {
            return None;
        }
        let (mut relations, mut conditions) = (Vec::new(), Vec::new());
        flatten(plan, &mut relations, &mut conditions);
        (relations.len() > 2).then(|| Self { relations, conditions, schema: Arc::clone(plan.schema()) })
    }

    /// Joins the relations one after the other, greedily: next comes the relation of the best [`JoinRank`], of several the
    /// first in the order of the statement.
    pub(crate) fn fed(self, numbers: &JoinIds) -> Result<LogicalPlan> {
        let Self { relations, mut conditions, schema } = self;
        let mut left: Vec<LogicalPlan> = relations.into_iter().map(|r| rewrite(r, numbers)).collect::<Result<_>>()?;
        let mut joined = left.remove(left.iter().position(|r| unbound_scans(r).is_empty()).unwrap_or_default());
        while !left.is_empty() {
            let before = unbound_scans(&joined).len();
            let mut best: Option<(JoinRank, usize, LogicalPlan, Vec<usize>)> = None;
            for (at, relation) in left.iter().enumerate() {
                let (step, used) = append_relation(&joined, relation, &conditions)?;
                let lacked = unbound_scans(relation).len();
                let helps = |plan: &LogicalPlan| unbound_scans(plan).len() < before + lacked;
                let by_joined = feed_from(&step, Outer::Left, numbers)?;
                let by_relation = || Ok(feed_from(&step, Outer::Right, numbers)?.filter(helps));
                let plan = by_joined.map_or_else(by_relation, |plan| Ok::<_, DataFusionError>(Some(plan)))?;
                let is_apart = step.on.is_empty();
                let plan = plan.unwrap_or(LogicalPlan::Join(step));
                let fit = match (helps(&plan), lacked == 0) {
                    (true, _) => JoinRank::Bound,
                    (false, true) if is_apart => JoinRank::Apart,
                    (false, true) => JoinRank::Whole,
                    (false, false) => JoinRank::Independent,
                };
                if best.as_ref().is_none_or(|(known, ..)| fit > *known) {
                    best = Some((fit, at, plan, used));
                }
            }
            let Some((_, at, plan, used)) = best else { break };
            left.remove(at);
            joined = plan;
            let rest = conditions.into_iter().enumerate().filter(|(i, _)| !used.contains(i));
            conditions = rest.map(|(_, condition)| condition).collect();
        }
        if let Some(rest) = conjunction(conditions) {
            joined = LogicalPlan::Filter(Filter::try_new(rest, Arc::new(joined))?);
        }
        let columns = schema.columns().into_iter().map(Expr::Column).collect();
        Ok(LogicalPlan::Projection(Projection::try_new_with_schema(columns, Arc::new(joined), schema)?))
    }
}

fn is_inner(join: &Join) -> bool {
    join.join_type == JoinType::Inner && join.null_equality == NullEquality::NullEqualsNothing
}

/// Collects the relations and conditions below inner joins. Filters, and projections that only drop columns, are descended
/// through if a join is below them.
fn flatten(plan: &LogicalPlan, relations: &mut Vec<LogicalPlan>, conditions: &mut Vec<Expr>) {
    match plan {
        LogicalPlan::Join(join) if is_inner(join) => {
            flatten(&join.left, relations, conditions);
            flatten(&join.right, relations, conditions);
            conditions.extend(join.on.iter().map(|(l, r)| l.clone().eq(r.clone())));
            conditions.extend(join.filter.iter().flat_map(|f| split_conjunction(f).into_iter().cloned()));
        }
        LogicalPlan::Filter(filter) if leads_to_join(&filter.input) => {
            flatten(&filter.input, relations, conditions);
            conditions.extend(split_conjunction(&filter.predicate).into_iter().cloned());
        }
        LogicalPlan::Projection(projection) if only_leaves_out(projection) && leads_to_join(&projection.input) => {
            flatten(&projection.input, relations, conditions);
        }
        other => relations.push(other.clone()),
    }
}

fn leads_to_join(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Join(join) => is_inner(join),
        LogicalPlan::Projection(projection) => only_leaves_out(projection) && leads_to_join(&projection.input),
        LogicalPlan::Filter(filter) => leads_to_join(&filter.input),
        _ => false,
    }
}

fn only_leaves_out(projection: &Projection) -> bool {
    let columns = projection.schema.columns();
    projection.expr.iter().zip(columns).all(|(e, own)| matches!(e, Expr::Column(c) if *c == own))
}

/// The inner join of the joined relations with one more, and the positions of the conditions that it applies.
fn append_relation(joined: &LogicalPlan, relation: &LogicalPlan, conditions: &[Expr]) -> Result<(Join, Vec<usize>)> {
    let (mut on, mut filters, mut used) = (Vec::new(), Vec::new(), Vec::new());
    let within = |expr: &Expr, plans: &[&LogicalPlan]| {
        expr.column_refs().into_iter().all(|c| plans.iter().any(|p| p.schema().has_column(c)))
    };
    for (at, condition) in conditions.iter().enumerate() {
        if !within(condition, &[joined, relation]) {
            continue;
        }
        used.push(at);
        let pair = match condition {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => Some((left.as_ref(), right.as_ref())),
            _ => None,
        };
        let is_one = |expr: &Expr, plan: &LogicalPlan| !expr.column_refs().is_empty() && within(expr, &[plan]);
        match pair {
            Some((l, r)) if is_one(l, joined) && is_one(r, relation) => on.push((l.clone(), r.clone())),
            Some((l, r)) if is_one(r, joined) && is_one(l, relation) => on.push((r.clone(), l.clone())),
            _ => filters.push(condition.clone()),
        }
    }
    let join = Join::try_new(
        Arc::new(joined.clone()),
        Arc::new(relation.clone()),
        on,
        conjunction(filters),
        JoinType::Inner,
        JoinConstraint::On,
        NullEquality::NullEqualsNothing,
        false,
    )?;
    Ok((join, used))
}
