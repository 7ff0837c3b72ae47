//! The default order of rows, where a statement has no ORDER BY. Rows of a GROUP BY are sorted by its keys, those of a UNION by
//! all columns from the left: ascending, NULL first, text by bytes, as SQLite returns them. Hashing would yield another order
//! each time.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{Aggregate, Distinct, Expr, LogicalPlan, Sort};

/// Adds a sort above the GROUP BY or UNION that returns the rows of a plan.
pub(crate) fn in_order(plan: LogicalPlan) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Projection(_) | LogicalPlan::Limit(_) | LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) => {
            Ok(plan.map_children(|child| Ok(Transformed::yes(in_order(child)?)))?.data)
        }
        LogicalPlan::Aggregate(ref aggregate) if has_keys(aggregate) => {
            let keys = aggregate.group_expr.len();
            Ok(sorted(plan, keys))
        }
        LogicalPlan::Distinct(Distinct::All(ref input)) if is_union(input) => {
            let keys = plan.schema().fields().len();
            Ok(sorted(plan, keys))
        }
        other => Ok(other),
    }
}

fn has_keys(aggregate: &Aggregate) -> bool {
    !aggregate.group_expr.is_empty() && !aggregate.group_expr.iter().any(|e| matches!(e, Expr::GroupingSet(_)))
}

fn is_union(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Union(_) => true,
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => plan.inputs().into_iter().all(is_union),
        _ => false,
    }
}

/// Sorts the plan by its first `count` columns.
fn sorted(plan: LogicalPlan, count: usize) -> LogicalPlan {
    let columns = plan.schema().columns().into_iter().take(count);
    let expr = columns.map(|column| Expr::Column(column).sort(true, true)).collect();
    LogicalPlan::Sort(Sort { expr, input: Arc::new(plan), fetch: None })
}
