//! Executes a join once for each batch of its probe side.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};

use crate::physical::node::stream as all_of;

/// The remaining rows of the probe side.
pub(super) struct ProbeSide {
    schema: SchemaRef,
    rest: Mutex<Rest>,
}

struct Rest {
    rows: SendableRecordBatchStream,
    /// What the last execution read of them.
    last: Last,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// It did not read the probe side, since no row could match.
    Unread,
    /// It read a batch, and there may be more.
    Batch,
    /// It read to the end of the stream.
    End,
}

impl ProbeSide {
    pub(super) fn new(rows: SendableRecordBatchStream) -> Arc<Self> {
        Arc::new(Self { schema: rows.schema(), rest: Mutex::new(Rest { rows, last: Last::Unread }) })
    }

    /// A plan whose executions yield one batch each, in order.
    pub(super) fn plan(self: &Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        let batch = Arc::new(NextBatch(Arc::clone(self)));
        Ok(Arc::new(StreamingTableExec::try_new(Arc::clone(&self.schema), vec![batch], None, [], false, None)?))
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rows of a join over [`ProbeSide::plan`], executed until the probe side ends or an execution does not read it.
pub(super) fn batch_by_batch(
    join: Arc<dyn ExecutionPlan>,
    side: Arc<ProbeSide>,
    task: Arc<TaskContext>,
) -> SendableRecordBatchStream {
    let schema = join.schema();
    let rows = stream::try_unfold(Executions { join, side, task, running: None }, Executions::next);
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

struct Executions {
    join: Arc<dyn ExecutionPlan>,
    side: Arc<ProbeSide>,
    task: Arc<TaskContext>,
    running: Option<SendableRecordBatchStream>,
}

impl Executions {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        loop {
            let rows = match &mut self.running {
                Some(rows) => rows,
                None => {
                    self.side.rest().last = Last::Unread;
                    self.running.insert(all_of(&self.join, Arc::clone(&self.task))?)
                }
            };
            if let Some(batch) = rows.try_next().await? {
                return Ok(Some((batch, self)));
            }
            if self.side.rest().last != Last::Batch {
                return Ok(None);
            }
            self.running = None;
        }
    }
}

/// A partition that yields the next batch.
struct NextBatch(Arc<ProbeSide>);

impl fmt::Debug for NextBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextBatch").field("schema", &self.0.schema).finish()
    }
}

impl PartitionStream for NextBatch {
    fn schema(&self) -> &SchemaRef {
        &self.0.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        Box::pin(OneBatch { side: Arc::clone(&self.0), is_over: false })
    }
}

struct OneBatch {
    side: Arc<ProbeSide>,
    is_over: bool,
}

impl Stream for OneBatch {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let next = {
            let mut rest = self.side.rest();
            let next = ready!(rest.rows.poll_next_unpin(cx));
            rest.last = if next.is_some() { Last::Batch } else { Last::End };
            next
        };
        self.is_over = true;
        Poll::Ready(next)
    }
}

impl RecordBatchStream for OneBatch {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.side.schema)
    }
}
