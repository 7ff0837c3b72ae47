//! Parameters that come from other relations: a join, or what a subquery became, in which one side's parameters are
//! equal to expressions of the other.
//!
//! Stages: [`wants`] what a scan lacks, [`push`] which scans below a plan take a key, [`join`] one join as a [`BindJoin`],
//! [`group`] inner joins in an order in which each relation is fed by those before,
//! [`detail`] what lists leave out. A [`BindJoin`] becomes a [`BindJoinExec`],
//! which takes the outer relation's rows as they come, fills the holes of its body with them ([`hole`]), and runs it. In the
//! body they are the [`build_side`] of the join.

use std::cell::Cell;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::LogicalPlan;
use stackql_sql::JoinHint;

use crate::bind_join::logical::BindJoin;

/// Numbers the feeds of a statement.
#[derive(Debug)]
pub(crate) struct JoinIds {
    next: Cell<usize>,
    /// What the statement says of relations that may be listed or asked for by key.
    pub(crate) join_by: Option<JoinHint>,
}

impl JoinIds {
    pub(crate) fn next(&self) -> usize {
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
    match crate::bind_join::requirements::unbound_scans(&fed).into_iter().next() {
        Some(error) => Err(crate::bind_join::cycle::cycle(&plan).unwrap_or(error).into()),
        None => crate::bind_join::detail_lookup::add_detail_lookups(fed, &numbers),
    }
}

/// The plan with each of its joins fed, from the leaves up.
pub(crate) fn rewrite(plan: LogicalPlan, numbers: &JoinIds) -> Result<LogicalPlan> {
    if let Some(group) = crate::bind_join::join_order::JoinGroup::from_plan(&plan) {
        return group.fed(numbers);
    }
    let plan = plan.map_children(|child| Ok(Transformed::yes(rewrite(child, numbers)?)))?.data;
    match plan {
        LogicalPlan::Join(join) => crate::bind_join::join::fed(join, numbers),
        other => Ok(other),
    }
}

/// The feed that a plan is.
pub(crate) fn as_bind_join(plan: &LogicalPlan) -> Option<&BindJoin> {
    match plan {
        LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref(),
        _ => None,
    }
}

/// A node as a plan.
pub(crate) fn extension(node: impl datafusion::logical_expr::UserDefinedLogicalNode + 'static) -> LogicalPlan {
    LogicalPlan::Extension(datafusion::logical_expr::Extension { node: Arc::new(node) })
}
