//! Which side of a join in a feed's body is its build side: that of the outer rows, which are there. The other side is
//! called for, page after page, and joins emit what each of its pages matches.

use std::any::Any;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;

use super::hole::ChunkExec;
use crate::fetch::fetches;

/// Makes the outer rows of feeds the build sides of their joins, whatever stands first in FROM.
#[derive(Debug)]
pub(crate) struct BuildSideRule;

impl PhysicalOptimizerRule for BuildSideRule {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let built = |node: Arc<dyn ExecutionPlan>| {
            Ok(match (node.as_ref() as &dyn Any).downcast_ref::<HashJoinExec>() {
                Some(join) if !join.null_aware && has_chunk(join.right()) && is_fed(join.left()) => {
                    Transformed::yes(join.swap_inputs(*join.partition_mode())?)
                }
                _ => Transformed::no(node),
            })
        };
        Ok(plan.transform_up(built)?.data)
    }

    fn name(&self) -> &'static str {
        "build_side"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether a side is outer rows, and has no calls of its own.
fn has_chunk(side: &Arc<dyn ExecutionPlan>) -> bool {
    let is_chunk = (side.as_ref() as &dyn Any).is::<ChunkExec>();
    (is_chunk || side.children().into_iter().any(has_chunk)) && fetches(side).is_empty()
}

/// Whether a side is called with keys.
fn is_fed(side: &Arc<dyn ExecutionPlan>) -> bool {
    fetches(side).iter().any(|fetch| fetch.keys().is_some())
}
