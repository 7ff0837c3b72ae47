//! Parameters that come from other relations: a join, or what a subquery became, in which one side's parameters are
//! equal to expressions of the other.
//!
//! Stages: [`wants`] what a scan lacks, [`push`] which scans below a plan take a key, [`join`] one join as a [`Feed`],
//! [`group`] inner joins in an order in which each relation is fed by those before,
//! [`detail`] what lists leave out. A [`Feed`] becomes a [`FeedExec`],
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
use stackql_sql::JoinBy;

pub(crate) use build_side::BUILD_SIDE_RULE;
pub(crate) use either::EitherExec;
pub(crate) use exec::FeedExec;
pub(crate) use hole::KeysExec;
pub(crate) use planner::FeedPlanner;
pub(crate) use push::as_column;
pub(crate) use wants::table_of;

use node::Feed;

/// Numbers the feeds of a statement.
#[derive(Debug)]
struct Numbers {
    next: Cell<usize>,
    /// What the statement says of relations that may be listed or asked for by key.
    join_by: Option<JoinBy>,
}

impl Numbers {
    fn next(&self) -> usize {
        self.next.replace(self.next.get() + 1)
    }
}

/// An optimized plan in which every scan gets its parameters.
///
/// # Errors
///
/// Names the first table whose parameters come from nowhere, or those of which each waits for another.
pub(crate) fn feed(plan: LogicalPlan, join_by: Option<JoinBy>) -> Result<LogicalPlan> {
    let numbers = Numbers { next: Cell::new(0), join_by };
    let fed = fed(plan.clone(), &numbers)?;
    match wants::unfed(&fed).into_iter().next() {
        Some(error) => Err(cycle::cycle(&plan).unwrap_or(error).into()),
        None => detail::detailed(fed, &numbers),
    }
}

/// The plan with each of its joins fed, from the leaves up.
fn fed(plan: LogicalPlan, numbers: &Numbers) -> Result<LogicalPlan> {
    if let Some(group) = group::Group::of(&plan) {
        return group.fed(numbers);
    }
    let plan = plan.map_children(|child| Ok(Transformed::yes(fed(child, numbers)?)))?.data;
    match plan {
        LogicalPlan::Join(join) => join::fed(join, numbers),
        other => Ok(other),
    }
}

/// The feed that a plan is.
fn as_feed(plan: &LogicalPlan) -> Option<&Feed> {
    match plan {
        LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref(),
        _ => None,
    }
}

/// A node as a plan.
fn extension(node: impl datafusion::logical_expr::UserDefinedLogicalNode + 'static) -> LogicalPlan {
    LogicalPlan::Extension(datafusion::logical_expr::Extension { node: Arc::new(node) })
}
