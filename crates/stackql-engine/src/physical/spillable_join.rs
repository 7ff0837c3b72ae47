//! Joins larger than memory: a hash join whose build side exceeds its memory share falls back to a sort-merge join, whose
//! sorts spill to disk where necessary. One that fits is executed by [`crate::physical::probe`].

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::common::JoinType;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::joins::{HashJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::spill::get_record_batch_memory_size;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PlanProperties,
};
use futures::future::TryFutureExt;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::physical::node::{PlanRule, check_partition, replaced, single_partitions, stream as all_of, with_children};
use crate::physical::one_shot::one_shot;
use crate::physical::probe::{Build, is_probed, keeps_build, probe};

/// The estimated number of bytes that the hash table needs for a row.
const OF_A_ROW: usize = 40;

/// The optimizer rule that makes hash joins spillable.
pub(crate) const SPILLABLE_JOIN_RULE: PlanRule = PlanRule {
    name: "spillable_join",
    rewrite: |plan| {
        let spilling = |node: &Arc<dyn ExecutionPlan>| Arc::new(SpillableHashJoinExec { join: Arc::clone(node) }) as _;
        replaced(plan, |join: &HashJoinExec, node| Ok(is_probed(join).then(|| spilling(node))))
    },
};

/// Whether a join can fall back to a sort-merge join. A full join with a filter cannot: DataFusion declares a column of its
/// output as not nullable that may be NULL. Nor can a join on whose output order the plan relies.
fn merges(join: &HashJoinExec) -> bool {
    join.properties().output_ordering().is_none() && (*join.join_type() != JoinType::Full || join.filter().is_none())
}

/// A hash join as long as its left (build) side fits into memory.
#[derive(Debug)]
pub(crate) struct SpillableHashJoinExec {
    join: Arc<dyn ExecutionPlan>,
}

impl SpillableHashJoinExec {
    /// The hash join that is executed if the left side fits.
    pub(crate) fn as_hash_join(&self) -> Option<&HashJoinExec> {
        (self.join.as_ref() as &dyn Any).downcast_ref()
    }

    fn hash_join(&self) -> Result<&HashJoinExec> {
        self.as_hash_join()
            .ok_or_else(|| DataFusionError::Internal("SpillableHashJoinExec is made of a hash join".into()))
    }

    /// Reads the left side until its end or until it is too large, and then executes the hash join or the sort-merge join.
    async fn execute_or_spill(self: Arc<Self>, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let join = self.hash_join()?;
        let mut left = all_of(join.left(), Arc::clone(&task))?;
        let schema = left.schema();
        // The operators downstream need memory, too.
        let share = if keeps_build(join) { 3 } else { 2 };
        let most = match task.memory_pool().memory_limit() {
            MemoryLimit::Finite(limit) => limit / share,
            _ => usize::MAX,
        };
        let reservation = MemoryConsumer::new("SpillableHashJoinExec").register(task.memory_pool());
        let mut rows = Vec::new();
        while let Some(batch) = left.try_next().await? {
            let size = get_record_batch_memory_size(&batch) + batch.num_rows() * OF_A_ROW;
            if !merges(join) {
                reservation.try_grow(size)?;
                rows.push(batch);
                continue;
            }
            let fits = reservation.size() + size <= most && reservation.try_grow(size).is_ok();
            rows.push(batch);
            if !fits {
                let rows = stream::iter(rows.into_iter().map(Ok)).chain(left);
                let left = one_shot(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))?;
                return all_of(&sort_merge_join(join, left)?, task);
            }
        }
        probe(join, Build { rows, reservation }, &task)
    }
}

/// The equivalent sort-merge join, with `left` as its left input.
fn sort_merge_join(join: &HashJoinExec, left: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let (left_keys, right_keys): (Vec<_>, Vec<_>) = join.on().iter().cloned().unzip();
    let left = sorted(left, left_keys)?;
    let right = sorted(Arc::clone(join.right()), right_keys)?;
    let (on, filter) = (join.on().to_vec(), join.filter().cloned());
    let options = vec![SortOptions::default(); on.len()];
    let merge = SortMergeJoinExec::try_new(left, right, on, filter, *join.join_type(), options, join.null_equality())?;
    let mut plan: Arc<dyn ExecutionPlan> = Arc::new(merge);
    if let Some(projection) = &join.projection {
        let schema = plan.schema();
        let column = |&at: &usize| {
            let name = schema.field(at).name();
            (Arc::new(Column::new(name, at)) as Arc<dyn PhysicalExpr>, name.clone())
        };
        plan = Arc::new(ProjectionExec::try_new(projection.iter().map(column).collect::<Vec<_>>(), plan)?);
    }
    if let Some(fetch) = join.fetch() {
        plan = Arc::new(GlobalLimitExec::new(plan, 0, Some(fetch)));
    }
    Ok(plan)
}

fn sorted(rows: Arc<dyn ExecutionPlan>, keys: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn ExecutionPlan>> {
    let by = |expr| PhysicalSortExpr { expr, options: SortOptions::default() };
    let order = LexOrdering::new(keys.into_iter().map(by))
        .ok_or_else(|| DataFusionError::Internal("a join has keys".into()))?;
    Ok(Arc::new(SortExec::new(order, rows)))
}

/// Prints the join itself.
impl DisplayAs for SpillableHashJoinExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hash_join() {
            Ok(join) => join.fmt_as(format, f),
            Err(_) => f.write_str(self.name()),
        }
    }
}

impl ExecutionPlan for SpillableHashJoinExec {
    fn name(&self) -> &'static str {
        "SpillableHashJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.join.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.join.children()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        single_partitions(2)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self { join: with_children(Arc::clone(&self.join), children)? }))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.join.apply_expressions(f)
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        check_partition(self, partition)?;
        let this = Arc::new(Self { join: Arc::clone(&self.join) });
        let rows = this.execute_or_spill(task).try_flatten_stream();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

#[cfg(test)]
mod tests;
