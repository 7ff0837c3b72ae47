//! `RemoteCountExec`: a `count(*)` that the provider computes; where a response has no total, the rows are counted locally.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PlanProperties,
};
use futures::future::TryFutureExt;
use futures::stream::{self, StreamExt};

use crate::physical::call_exec::CallExec;
use crate::physical::node::{check_partition, single_partitions, stream as all_of};

/// Requests the total number of rows from the provider, and falls back to a local count.
#[derive(Debug)]
pub(crate) struct RemoteCountExec {
    remote: CallExec,
    /// The plan that counts the rows.
    local_fallback: Arc<dyn ExecutionPlan>,
}

impl RemoteCountExec {
    pub(crate) fn new(asking: CallExec, counting: Arc<dyn ExecutionPlan>) -> Self {
        Self { remote: asking, local_fallback: counting }
    }
}

impl DisplayAs for RemoteCountExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteCountExec: {} counts, else as below", self.remote.call_spec().operation.qualified_name())
    }
}

impl ExecutionPlan for RemoteCountExec {
    fn name(&self) -> &'static str {
        "RemoteCountExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.local_fallback.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.local_fallback]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        single_partitions(1)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let counting =
            children.pop().ok_or_else(|| DataFusionError::Internal("RemoteCountExec has one input".into()))?;
        Ok(Arc::new(Self { remote: self.remote.clone(), local_fallback: counting }))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        check_partition(self, partition)?;
        let schema = self.schema();
        let (asking, counting) = (self.remote.clone(), Arc::clone(&self.local_fallback));
        let of_answer = Arc::clone(&schema);
        let rows = async move {
            Ok::<_, DataFusionError>(match asking.fetch_total_count(Arc::clone(&task)).await? {
                Some(count) => {
                    let column = Arc::new(Int64Array::from(vec![count])) as ArrayRef;
                    let one = RecordBatch::try_new(of_answer, vec![column])?;
                    stream::once(async { Ok(one) }).boxed()
                }
                None => all_of(&counting, task)?.boxed(),
            })
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.try_flatten_stream())))
    }
}
