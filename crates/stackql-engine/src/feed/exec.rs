//! `FeedExec`: takes outer rows as they come, calls for their keys, and joins them with what came.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::{concat_batches, filter_record_batch};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::hole::{Filling, rows as chunk};
use super::keys::{Keys, Seen};
use super::node::Gather;
use crate::context::Context;
use crate::demand::Demand;
use crate::fetch::fetches;

/// Runs its body for the outer rows, some at a time.
#[derive(Debug, Clone)]
pub(crate) struct FeedExec {
    context: Arc<Context>,
    number: usize,
    outer: Arc<dyn ExecutionPlan>,
    body: Arc<dyn ExecutionPlan>,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    gather: Gather,
    demand: Demand,
    /// It is part of another feed's body, run for some of that one's rows.
    is_inner: bool,
    properties: Arc<PlanProperties>,
}

impl FeedExec {
    pub(super) fn new(
        context: Arc<Context>,
        number: usize,
        outer: Arc<dyn ExecutionPlan>,
        body: Arc<dyn ExecutionPlan>,
        keys: Vec<Arc<dyn PhysicalExpr>>,
        gather: Gather,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(body.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let demand = Demand::All;
        Self { context, number, outer, body, keys, gather, demand, is_inner: false, properties: Arc::new(properties) }
    }

    /// The same, read as far as `demand` says.
    pub(crate) fn with_demand(&self, demand: Demand) -> Self {
        Self { demand, ..self.clone() }
    }

    pub(crate) fn gathers_all(&self) -> bool {
        self.gather == Gather::Whole
    }

    pub(super) fn inner(&self) -> Self {
        Self { is_inner: true, ..self.clone() }
    }
}

/// One execution.
struct Run {
    feed: FeedExec,
    task: Arc<TaskContext>,
    keys: Keys,
    /// Keys that were there before, where each is wanted once.
    seen: Mutex<Seen>,
}

impl Run {
    fn new(feed: FeedExec, task: Arc<TaskContext>) -> Result<Self> {
        let keys = Keys::new(&feed.keys, &feed.outer.schema())?;
        Ok(Self { feed, task, keys, seen: Mutex::default() })
    }

    /// What the body gives for some of the outer rows.
    fn body(&self, rows: RecordBatch) -> Result<SendableRecordBatchStream> {
        let (keys, rows) = match self.feed.gather {
            Gather::Distinct => {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                let (keys, new) = self.keys.new_in(&rows, &mut seen)?;
                (keys, filter_record_batch(&rows, &new)?)
            }
            Gather::Rows | Gather::Whole => (self.keys.new_in(&rows, &mut Seen::new())?.0, rows),
        };
        let filling = Filling { feed: self.feed.number, rows: chunk(&rows)?, keys: &keys };
        filling.fill(&self.feed.body)?.execute(0, Arc::clone(&self.task))
    }
}

/// The failure of a fed fetch none of whose calls was answered: nothing was learned of it.
pub(super) fn verdict(body: &Arc<dyn ExecutionPlan>) -> Option<DataFusionError> {
    fetches(body).into_iter().find_map(|exec| exec.fetch_of().tally.verdict()).map(Into::into)
}

impl DisplayAs for FeedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        write!(f, "FeedExec: feed={}, keys=[{}]", self.number, keys.join(", "))?;
        match self.gather {
            Gather::Rows => Ok(()),
            Gather::Distinct => f.write_str(", distinct"),
            Gather::Whole => f.write_str(", all at once"),
        }
    }
}

impl ExecutionPlan for FeedExec {
    fn name(&self) -> &'static str {
        "FeedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.outer, &self.body]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false, false]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [outer, body] = <[_; 2]>::try_from(children)
            .map_err(|_| DataFusionError::Internal("FeedExec has an outer relation and a body".into()))?;
        Ok(Arc::new(Self { outer, body, ..self.as_ref().clone() }))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for key in &self.keys {
            if f(key)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let outer = self.outer.execute(partition, Arc::clone(&task))?;
        let chunks = match self.gather {
            Gather::Whole => whole(outer),
            Gather::Rows | Gather::Distinct => self.demand.slices(outer),
        };
        let ahead = self.demand.ahead(self.context.options.concurrency);
        let run = Arc::new(Run::new(self.clone(), task)?);
        let end = Arc::clone(&run);
        let rows = chunks.map(move |chunk| run.body(chunk?)).try_flatten_unordered(ahead);
        let verdict = async move { if end.feed.is_inner { None } else { verdict(&end.feed.body).map(Err) } };
        let verdict = stream::once(verdict).filter_map(futures::future::ready);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.chain(verdict))))
    }
}

fn whole(outer: SendableRecordBatchStream) -> BoxStream<'static, Result<RecordBatch>> {
    let schema = outer.schema();
    let all = async move {
        let batches: Vec<RecordBatch> = outer.try_collect().await?;
        Ok(concat_batches(&schema, &batches)?)
    };
    stream::once(all).boxed()
}

/// The feed that a node is.
pub(super) fn as_feed_exec(plan: &Arc<dyn ExecutionPlan>) -> Option<&FeedExec> {
    (plan.as_ref() as &dyn Any).downcast_ref()
}
