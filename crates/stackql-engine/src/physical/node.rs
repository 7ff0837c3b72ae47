//! What the engine's own plan nodes share: they are bounded, emit batches incrementally, and have one output partition.
//!
//! Such a node executes partition 0 of each child only, so a child with several partitions has to be merged first. Nodes
//! request that from DataFusion's rules by [`single_partitions`]. They read children by [`stream`], which returns an error
//! for several partitions, because nodes are also created and given other children after these rules have run.

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

/// A function that rewrites a physical plan.
type Rewrite = fn(Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>>;

/// A rule of the physical optimizer, made of a name and a function. It preserves the schema of the plan.
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

/// Replaces each node of type `T` for which `replace` returns a plan, bottom-up; the other nodes stay.
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

/// The plan properties of a node with this schema: one partition, incremental emission, bounded.
pub(crate) fn properties(schema: SchemaRef) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(1),
        EmissionType::Incremental,
        Boundedness::Bounded,
    ))
}

/// The distribution requirement of a node with `children` children: a single partition each.
pub(crate) fn single_partitions(children: usize) -> InputDistributionRequirements {
    InputDistributionRequirements::new(vec![Distribution::SinglePartition; children])
}

/// Executes a plan that has one partition.
///
/// # Errors
///
/// The plan has more than one partition; the rows of the others would be lost.
pub(crate) fn stream(plan: &Arc<dyn ExecutionPlan>, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
    match plan.output_partitioning().partition_count() {
        1 => plan.execute(0, task),
        count => {
            let text = format!("{} gives its rows in {count} partitions where all are read as one", plan.name());
            Err(DataFusionError::Internal(text))
        }
    }
}

/// Returns an error for any partition other than 0, the only one that the engine's own nodes have.
pub(crate) fn check_partition(node: &dyn ExecutionPlan, partition: usize) -> Result<()> {
    match partition {
        0 => Ok(()),
        other => Err(DataFusionError::Internal(format!("{} has one partition, and {other} was run", node.name()))),
    }
}

/// The plan with other children; its properties are recomputed.
pub(crate) fn with_children(
    plan: Arc<dyn ExecutionPlan>,
    children: Vec<Arc<dyn ExecutionPlan>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    plan.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
}
