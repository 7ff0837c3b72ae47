//! What our plan nodes have in common: rows come one batch after the other, in one partition, and there is an end to them.
//!
//! A node of ours reads each of its children once, so a child of several partitions must have been brought together before:
//! nodes ask that of DataFusion's rules by [`single_partitions`], and read by [`stream`], which refuses what these rules did
//! not see, since nodes are made and given other children after them, too.

use std::any::Any;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, ExecutionPlan, ExecutionPlanProperties, InputDistributionRequirements, PlanProperties,
    ReplaceChildrenOptions,
};

/// A rewriting of a plan.
type Rewrite = fn(Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>>;

/// A rule of the physical optimizer. It leaves the schema of a plan as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlanRule {
    pub(crate) name: &'static str,
    pub(crate) rewrite: Rewrite,
}

impl PhysicalOptimizerRule for PlanRule {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        (self.rewrite)(plan)
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The plan with each node of a type replaced by what `replace` gives for it, innermost first; nothing leaves it.
pub(crate) fn replaced<T: ExecutionPlan>(
    plan: Arc<dyn ExecutionPlan>,
    replace: impl Fn(&T, &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let one = |node: Arc<dyn ExecutionPlan>| {
        let found =
            (node.as_ref() as &dyn Any).downcast_ref::<T>().map(|own| replace(own, &node)).transpose()?.flatten();
        Ok(found.map_or_else(|| Transformed::no(Arc::clone(&node)), Transformed::yes))
    };
    Ok(plan.transform_up(one)?.data)
}

/// The properties of a node whose rows have this schema.
pub(crate) fn properties(schema: SchemaRef) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(1),
        EmissionType::Incremental,
        Boundedness::Bounded,
    ))
}

/// What a node of so many children asks of each.
pub(crate) fn single_partitions(children: usize) -> InputDistributionRequirements {
    InputDistributionRequirements::new(vec![Distribution::SinglePartition; children])
}

/// All rows of a plan.
///
/// # Errors
///
/// It has more than one partition, of which the others would be left out.
pub(crate) fn stream(plan: &Arc<dyn ExecutionPlan>, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
    match plan.output_partitioning().partition_count() {
        1 => plan.execute(0, task),
        count => {
            let text = format!("{} gives its rows in {count} partitions where all are read as one", plan.name());
            Err(DataFusionError::Internal(text))
        }
    }
}

/// Refuses to run a partition that a node of ours does not have.
pub(crate) fn check_partition(node: &dyn ExecutionPlan, partition: usize) -> Result<()> {
    match partition {
        0 => Ok(()),
        other => Err(DataFusionError::Internal(format!("{} has one partition, and {other} was run", node.name()))),
    }
}

/// The plan over other inputs.
pub(crate) fn with_children(
    plan: Arc<dyn ExecutionPlan>,
    children: Vec<Arc<dyn ExecutionPlan>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    plan.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
}
