//! Hash joins that emit the matches of each probe batch before they read the next one.
//!
//! DataFusion's `HashJoinExec` coalesces its output into batches of thousands of rows, however long the next probe batch
//! takes to arrive. Here a probe batch is a page: the first joined row would wait for all pages, and a `LIMIT` would read them
//! all. So a join is executed once for each probe batch; the first execution collects the build side, and all share it. Join
//! types whose output depends on the whole probe side are composed of one that does not, and of [`Matched`], which tracks the
//! build rows that have found a match. In DataFusion's plans the build side is the left one.

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

/// Whether [`probe`] can execute a join. It cannot for NOT IN, whose result depends on NULLs anywhere in the probe side, nor
/// for a join with several partitions, which share a build side.
pub(crate) fn is_probed(join: &HashJoinExec) -> bool {
    !join.null_aware && join.children().iter().all(|side| side.output_partitioning().partition_count() == 1)
}

/// Whether a join holds its build rows in memory in addition to the hash table over them.
pub(crate) fn keeps_build(join: &HashJoinExec) -> bool {
    matches!(join.join_type(), JoinType::Left | JoinType::Full | JoinType::LeftSemi)
}

/// The collected build rows of a join, and the reservation for their memory.
pub(crate) struct Build {
    pub(crate) rows: Vec<RecordBatch>,
    pub(crate) reservation: MemoryReservation,
}

/// Executes a join over the collected build rows.
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
        // Which build rows have no match is known only at the end of the probe side.
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

/// Executes a join that also depends on unmatched build rows, by a join of type `each` for each probe batch.
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

/// The build rows as a plan. The reservation is released, since the hash table accounts for their memory from here on.
fn given(join: &HashJoinExec, build: Build) -> Result<Arc<dyn ExecutionPlan>> {
    drop(build.reservation);
    let rows = stream::iter(build.rows.into_iter().map(Ok));
    one_shot(Box::pin(RecordBatchStreamAdapter::new(join.left().schema(), rows)))
}

/// The join with another type, whose build side is collected once for all executions.
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
