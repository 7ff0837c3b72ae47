//! The build side of hash joins in the inner plan of a bind join. It is the outer batch, which is in memory; the other side
//! comes from calls page by page, and as probe side each page yields its matches at once.

use std::any::Any;
use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;

use super::inner_plan::OuterRowsExec;
use crate::physical::call_exec::call_nodes;
use crate::physical::node::{PlanRule, replaced};

/// Physical optimizer rule that makes the outer batch the build side of its hash join, whichever side of FROM it is on.
pub(crate) const BUILD_SIDE_RULE: PlanRule = PlanRule {
    name: "build_side",
    rewrite: |plan| {
        replaced(plan, |join: &HashJoinExec, _| {
            let is_swapped = !join.null_aware && has_chunk(join.right()) && is_fed(join.left());
            is_swapped.then(|| join.swap_inputs(*join.partition_mode())).transpose()
        })
    },
};

/// Whether a join side contains the outer rows of a bind join and no calls.
fn has_chunk(side: &Arc<dyn ExecutionPlan>) -> bool {
    let is_chunk = (side.as_ref() as &dyn Any).is::<OuterRowsExec>();
    (is_chunk || side.children().into_iter().any(has_chunk)) && call_nodes(side).is_empty()
}

/// Whether a join side has calls that are bound by keys.
fn is_fed(side: &Arc<dyn ExecutionPlan>) -> bool {
    call_nodes(side).iter().any(|fetch| fetch.keys().is_some())
}
