//! The bind join rewrite (also: dependent or lookup joins): a join, or the join that a subquery became, in which the rows of
//! the outer side supply required parameters of scans on the inner side, becomes a [`BindJoin`].
//!
//! Stages: `requirements` finds the parameters that a scan is missing, `key_pushdown` the scans below a plan that take a key,
//! `join` rewrites one join, `join_order` orders inner joins so that each relation is bound by those before it, `detail_lookup`
//! adds lookups of columns that lists do not return. The physical planner creates a `BindJoinExec`, which streams outer
//! batches, instantiates the inner plan (`inner_plan`) for each batch and its distinct keys, and executes it.

use std::cell::Cell;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::LogicalPlan;
use stackql_sql::JoinHint;

use crate::bind_join::join_order::JoinGroup;
use crate::bind_join::logical::BindJoin;
use crate::bind_join::{cycle, detail_lookup, join, requirements};

/// Assigns the ids of the bind joins of a statement.
#[derive(Debug)]
pub(crate) struct JoinIds {
    next: Cell<usize>,
    /// The join hint of the statement, `LOOKUP` or `LIST`, for relations that can be read either way.
    pub(crate) join_by: Option<JoinHint>,
}

impl JoinIds {
    pub(crate) fn next(&self) -> usize {
        self.next.replace(self.next.get() + 1)
    }
}

/// Rewrites an optimized plan so that every scan has its required parameters.
///
/// # Errors
///
/// Names the first table whose parameters nothing supplies, or the tables that depend on each other.
pub(crate) fn rewrite_bind_joins(plan: LogicalPlan, join_by: Option<JoinHint>) -> Result<LogicalPlan> {
    let numbers = JoinIds { next: Cell::new(0), join_by };
    let fed = rewrite(plan.clone(), &numbers)?;
    match requirements::unbound_scans(&fed).into_iter().next() {
        Some(error) => Err(cycle::cycle(&plan).unwrap_or(error).into()),
        None => detail_lookup::add_detail_lookups(fed, &numbers),
    }
}

/// Rewrites the joins of a plan into bind joins, bottom-up.
pub(crate) fn rewrite(plan: LogicalPlan, numbers: &JoinIds) -> Result<LogicalPlan> {
    if let Some(group) = JoinGroup::from_plan(&plan) {
        return group.fed(numbers);
    }
    let plan = plan.map_children(|child| Ok(Transformed::yes(rewrite(child, numbers)?)))?.data;
    match plan {
        LogicalPlan::Join(join) => join::fed(join, numbers),
        other => Ok(other),
    }
}

/// The bind join that is the root node of a plan, if it is one.
pub(crate) fn as_bind_join(plan: &LogicalPlan) -> Option<&BindJoin> {
    match plan {
        LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref(),
        _ => None,
    }
}

/// Wraps a user-defined node as a logical plan.
pub(crate) fn extension(node: impl datafusion::logical_expr::UserDefinedLogicalNode + 'static) -> LogicalPlan {
    LogicalPlan::Extension(datafusion::logical_expr::Extension { node: Arc::new(node) })
}
