//! `FeedExec`: takes outer rows as they come, calls for their keys, and joins them with what came.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::{concat_batches, filter_record_batch};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::apply_expression_roots;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PlanProperties,
};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::hole::{Filling, rows as chunk};
use super::keys::{Keys, Seen};
use super::node::Gather;
use crate::context::Context;
use crate::demand::Demand;
use crate::explain::plain;
use crate::fetch::fetches;
use crate::plan::{check_partition, properties, single_partitions, stream as all_of};

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
        let properties = properties(body.schema());
        Self { context, number, outer, body, keys, gather, demand: Demand::All, is_inner: false, properties }
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

    pub(super) fn with_inputs(&self, outer: Arc<dyn ExecutionPlan>, body: Arc<dyn ExecutionPlan>) -> Self {
        Self { outer, body, ..self.clone() }
    }

    /// The same over these outer rows, which are all there are.
    pub(super) fn over(&self, outer: Arc<dyn ExecutionPlan>) -> Self {
        Self { outer, gather: Gather::Whole, ..self.clone() }
    }

    pub(super) fn outer(&self) -> &Arc<dyn ExecutionPlan> {
        &self.outer
    }

    pub(super) fn keys(&self) -> Result<Keys> {
        Keys::new(&self.keys, &self.outer.schema())
    }

    /// A body with its holes filled.
    pub(super) fn filled(
        &self,
        body: &Arc<dyn ExecutionPlan>,
        rows: Arc<dyn ExecutionPlan>,
        keys: &RecordBatch,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Filling { feed: self.number, rows, keys }.fill(body)
    }

    /// Its keys as they are written.
    pub(crate) fn key_names(&self) -> Vec<String> {
        self.keys.iter().map(|key| plain(&key.to_string())).collect()
    }

    /// Its number and its keys.
    pub(super) fn shown(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        format!("feed={}, keys=[{}]", self.number, keys.join(", "))
    }

    /// The failure of a fed fetch none of whose calls was answered: nothing was learned of it.
    fn verdict(&self) -> Option<DataFusionError> {
        let mut fed = fetches(&self.body).into_iter().filter(|_| !self.is_inner);
        fed.find_map(|exec| exec.fetch_of().tally.verdict()).map(Into::into)
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
        let keys = feed.keys()?;
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
        all_of(&self.feed.filled(&self.feed.body, chunk(&rows)?, &keys)?, Arc::clone(&self.task))
    }
}

impl DisplayAs for FeedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FeedExec: {}", self.shown())?;
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

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        single_partitions(2)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [outer, body] = <[_; 2]>::try_from(children)
            .map_err(|_| DataFusionError::Internal("FeedExec has an outer relation and a body".into()))?;
        Ok(Arc::new(self.with_inputs(outer, body)))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(&self.keys, f)
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        check_partition(self, partition)?;
        let schema = self.schema();
        let outer = all_of(&self.outer, Arc::clone(&task))?;
        let chunks = match self.gather {
            Gather::Whole => whole(outer),
            Gather::Rows | Gather::Distinct => self.demand.slices(outer),
        };
        let ahead = self.demand.ahead(self.context.options.concurrency);
        let run = Arc::new(Run::new(self.clone(), task)?);
        let end = Arc::clone(&run);
        let rows = chunks.map(move |chunk| run.body(chunk?)).try_flatten_unordered(ahead);
        let verdict = stream::once(async move { end.feed.verdict().map(Err) }).filter_map(futures::future::ready);
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
