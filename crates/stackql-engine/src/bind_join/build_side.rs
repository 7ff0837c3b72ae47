//! Which side of a join in a feed's body is its build side: that of the outer rows, which are there. The other side is
//! called for, page after page, and joins emit what each of its pages matches.

use std::any::Any;
use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;

use super::inner_plan::OuterRowsExec;
use crate::physical::call_exec::call_nodes;
use crate::physical::node::{PlanRule, replaced};

/// Makes the outer rows of feeds the build sides of their joins, whatever stands first in FROM.
pub(crate) const BUILD_SIDE_RULE: PlanRule = PlanRule {
    name: "build_side",
    rewrite: |plan| {
        replaced(plan, |join: &HashJoinExec, _| {
            let is_swapped = !join.null_aware && has_chunk(join.right()) && is_fed(join.left());
            is_swapped.then(|| join.swap_inputs(*join.partition_mode())).transpose()
        })
    },
};

/// Whether a side is outer rows, and has no calls of its own.
fn has_chunk(side: &Arc<dyn ExecutionPlan>) -> bool {
    let is_chunk = (side.as_ref() as &dyn Any).is::<OuterRowsExec>();
    (is_chunk || side.children().into_iter().any(has_chunk)) && call_nodes(side).is_empty()
}

/// Whether a side is called with keys.
fn is_fed(side: &Arc<dyn ExecutionPlan>) -> bool {
    call_nodes(side).iter().any(|fetch| fetch.keys().is_some())
}
