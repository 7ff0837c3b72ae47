//! `AppendExec`: a UNION ALL with a single output partition.
//!
//! DataFusion's `UnionExec` has a partition for each branch, and DataFusion's own nodes merge them where necessary. Nodes that
//! make calls, and inner plans of bind joins, which are executed for some outer rows at a time, would read only the first
//! branch. [`SINGLE_PARTITION_RULE`] therefore replaces every `UnionExec` before any other rule sees the plan.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::Statistics;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PlanProperties,
};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::physical::demand::Demand;
use crate::physical::node::{PlanRule, check_partition, properties, replaced, single_partitions, stream};

/// The optimizer rule that replaces each `UnionExec` by an `AppendExec`.
pub(crate) const SINGLE_PARTITION_RULE: PlanRule = PlanRule {
    name: "single_partition",
    rewrite: |plan| replaced(plan, |union: &UnionExec, _| Ok(Some(Arc::new(AppendExec::new(union.clone()))))),
};

/// The rows of all branches. Where all rows are needed, branches run concurrently and rows are interleaved; else they run in
/// order, so that a branch is read only if the rows of those before it do not suffice.
#[derive(Debug)]
pub(crate) struct AppendExec {
    union: UnionExec,
    demand: Demand,
    properties: Arc<PlanProperties>,
}

impl AppendExec {
    fn new(union: UnionExec) -> Self {
        let properties = properties(union.schema());
        Self { union, demand: Demand::All, properties }
    }

    /// A copy with this demand.
    pub(crate) fn with_demand(&self, demand: Demand) -> Self {
        Self { union: self.union.clone(), demand, properties: Arc::clone(&self.properties) }
    }
}

impl DisplayAs for AppendExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppendExec")
    }
}

impl ExecutionPlan for AppendExec {
    fn name(&self) -> &'static str {
        "AppendExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.union.children()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        single_partitions(self.children().len())
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let union = UnionExec::try_new(children)?;
        let Some(union) = (union.as_ref() as &dyn Any).downcast_ref::<UnionExec>() else { return Ok(union) };
        Ok(Arc::new(Self::new(union.clone()).with_demand(self.demand)))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        check_partition(self, partition)?;
        let branches = stream::iter(self.union.inputs().clone()).map(move |branch| stream(&branch, Arc::clone(&task)));
        let rows = match self.demand {
            Demand::All => branches.try_flatten_unordered(None).boxed(),
            Demand::Some(_) => branches.try_flatten().boxed(),
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        self.union.statistics_from_inputs(inputs, &StatisticsArgs::new())
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        self.union.cardinality_effect()
    }
}

#[cfg(test)]
mod tests;
