//! Parameters that come from other relations: a join, or what a subquery became, in which one side's parameters are
//! equal to expressions of the other.
//!
//! Stages: [`wants`] what a scan lacks, [`push`] which scans below a plan take a key, [`join`] one join as a [`BindJoin`],
//! [`group`] inner joins in an order in which each relation is fed by those before,
//! [`detail`] what lists leave out. A [`BindJoin`] becomes a [`BindJoinExec`],
//! which takes the outer relation's rows as they come, fills the holes of its body with them ([`hole`]), and runs it. In the
//! body they are the [`build_side`] of the join.

mod build_side;
mod cycle;
mod detail;
mod either;
mod exec;
mod group;
mod hole;
mod join;
mod keys;
mod node;
mod planner;
mod push;
mod wants;

use std::cell::Cell;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::LogicalPlan;
use stackql_sql::JoinHint;

pub(crate) use build_side::BUILD_SIDE_RULE;
pub(crate) use either::AdaptiveBindJoinExec;
pub(crate) use exec::BindJoinExec;
pub(crate) use hole::KeyBindingsExec;
pub(crate) use planner::BindJoinQueryPlanner;
pub(crate) use push::as_column;
pub(crate) use wants::table_of;

use node::BindJoin;

/// Numbers the feeds of a statement.
#[derive(Debug)]
struct JoinIds {
    next: Cell<usize>,
    /// What the statement says of relations that may be listed or asked for by key.
    join_by: Option<JoinHint>,
}

impl JoinIds {
    fn next(&self) -> usize {
        self.next.replace(self.next.get() + 1)
    }
}

/// An optimized plan in which every scan gets its parameters.
///
/// # Errors
///
/// Names the first table whose parameters come from nowhere, or those of which each waits for another.
pub(crate) fn rewrite_bind_joins(plan: LogicalPlan, join_by: Option<JoinHint>) -> Result<LogicalPlan> {
    let numbers = JoinIds { next: Cell::new(0), join_by };
    let fed = rewrite(plan.clone(), &numbers)?;
    match wants::unbound_scans(&fed).into_iter().next() {
        Some(error) => Err(cycle::cycle(&plan).unwrap_or(error).into()),
        None => detail::add_detail_lookups(fed, &numbers),
    }
}

/// The plan with each of its joins fed, from the leaves up.
fn rewrite(plan: LogicalPlan, numbers: &JoinIds) -> Result<LogicalPlan> {
    if let Some(group) = group::JoinGroup::from_plan(&plan) {
        return group.fed(numbers);
    }
    let plan = plan.map_children(|child| Ok(Transformed::yes(rewrite(child, numbers)?)))?.data;
    match plan {
        LogicalPlan::Join(join) => join::fed(join, numbers),
        other => Ok(other),
    }
}

/// The feed that a plan is.
fn as_bind_join(plan: &LogicalPlan) -> Option<&BindJoin> {
    match plan {
        LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref(),
        _ => None,
    }
}

/// A node as a plan.
fn extension(node: impl datafusion::logical_expr::UserDefinedLogicalNode + 'static) -> LogicalPlan {
    LogicalPlan::Extension(datafusion::logical_expr::Extension { node: Arc::new(node) })
}
