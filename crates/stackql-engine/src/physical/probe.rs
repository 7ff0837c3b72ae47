//! Hash joins that emit what each probe batch matches before they read the next one.
//!
//! DataFusion's `HashJoinExec` collects its output into batches of thousands of rows, however long the next probe batch
//! takes to come. Here a probe batch is a page: the first joined row would wait for all pages, and a `LIMIT` would read them.
//! A join is therefore executed once for each probe batch: its build side is collected by the first execution and shared by
//! all. Join types whose output depends on the whole probe side are composed of one that does not, and of [`Matched`], which
//! knows the build rows that have found a match. In DataFusion's plans the build side is the left one.

mod batches;
mod matched;

use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{JoinType, Result};
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::limit::LimitStream;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::stream;

use self::batches::{ProbeSide, batch_by_batch};
use self::matched::Matched;
use crate::physical::node::stream as all_of;
use crate::physical::one_shot::one_shot;

/// Whether [`probe`] can execute a join: not NOT IN, whose result depends on NULLs anywhere in the probe side, nor one of
/// several partitions, which share a build side.
pub(crate) fn is_probed(join: &HashJoinExec) -> bool {
    !join.null_aware && join.children().iter().all(|side| side.output_partitioning().partition_count() == 1)
}

/// Whether a join keeps its build rows beside the hash table that it makes of them.
pub(crate) fn keeps_build(join: &HashJoinExec) -> bool {
    matches!(join.join_type(), JoinType::Left | JoinType::Full | JoinType::LeftSemi)
}

/// The build rows of a join, and the memory that they take.
pub(crate) struct Build {
    pub(crate) rows: Vec<RecordBatch>,
    pub(crate) reservation: MemoryReservation,
}

/// The rows of a join whose build rows are these.
pub(crate) fn probe(join: &HashJoinExec, build: Build, task: &Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
    let right = all_of(join.right(), Arc::clone(task))?;
    let rows = match join.join_type() {
        JoinType::Inner | JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => {
            let (side, build) = (ProbeSide::new(right), given(join, build)?);
            batch_by_batch(over(join, *join.join_type(), build, &side)?, side, Arc::clone(task))
        }
        JoinType::Left => matched(join, JoinType::Inner, build, right, task)?,
        JoinType::Full => matched(join, JoinType::Right, build, right, task)?,
        JoinType::LeftSemi => matched(join, JoinType::Inner, build, right, task)?,
        // Which rows have no match is known only when all are probed.
        JoinType::LeftAnti | JoinType::LeftMark => {
            let children = vec![given(join, build)?, one_shot(right)?];
            all_of(&join.builder().with_new_children(children)?.reset_state().build_exec()?, Arc::clone(task))?
        }
    };
    Ok(match join.fetch() {
        None => rows,
        Some(fetch) => {
            let metrics = BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
            Box::pin(LimitStream::new(rows, 0, Some(fetch), metrics))
        }
    })
}

/// A join of which `each` gives what a probe batch matches.
fn matched(
    join: &HashJoinExec,
    each: JoinType,
    build: Build,
    right: SendableRecordBatchStream,
    task: &Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let side = ProbeSide::new(right);
    let matched = Matched::new(join, build);
    let joined = join.builder().with_projection(None).with_fetch(None).build()?;
    let pairs = batch_by_batch(over(&joined, each, matched.numbered()?, &side)?, side, Arc::clone(task));
    Ok(matched.rows(pairs))
}

/// The build rows as a plan. From now on the hash table accounts for their memory.
fn given(join: &HashJoinExec, build: Build) -> Result<Arc<dyn ExecutionPlan>> {
    drop(build.reservation);
    let rows = stream::iter(build.rows.into_iter().map(Ok));
    one_shot(Box::pin(RecordBatchStreamAdapter::new(join.left().schema(), rows)))
}

/// The join of that type whose build side is collected once, for all of its executions.
fn over(
    join: &HashJoinExec,
    of_type: JoinType,
    build: Arc<dyn ExecutionPlan>,
    side: &Arc<ProbeSide>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let builder = join.builder().with_type(of_type).with_partition_mode(PartitionMode::CollectLeft);
    builder.with_new_children(vec![build, side.plan()?])?.reset_state().build_exec()
}

#[cfg(test)]
mod tests;
