//! Filters that emit what a batch leaves before they read the next one.
//!
//! DataFusion's `FilterExec` collects what passes into full batches, for which it reads its input: here that is page after
//! page, whoever waits for the first row or needs no more than a few.

use std::any::Any;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;

/// A batch size that every batch with a row in it reaches, so that none is collected: batches are handed on as they are.
const ANY: usize = 1;

/// Makes the filters of a plan emit batch by batch.
#[derive(Debug)]
pub(crate) struct FilterBatchesRule;

impl PhysicalOptimizerRule for FilterBatchesRule {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let emitting = |node: Arc<dyn ExecutionPlan>| {
            Ok(match (node.as_ref() as &dyn Any).downcast_ref::<FilterExec>() {
                Some(filter) => Transformed::yes(Arc::new(filter.with_batch_size(ANY)?) as _),
                None => Transformed::no(node),
            })
        };
        Ok(plan.transform_up(emitting)?.data)
    }

    fn name(&self) -> &'static str {
        "filter_batches"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
