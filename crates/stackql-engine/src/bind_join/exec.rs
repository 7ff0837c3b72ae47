//! `BindJoinExec`, the physical node of a bind join: streams outer batches, instantiates the inner plan with each batch and its
//! distinct keys, and executes it. The inner plan joins the batch with the rows of the calls.

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

use super::inner_plan::{BatchInputs, rows as chunk};
use super::keys::{KeyExtractor, SeenKeys};
use super::logical::OuterBatching;
use crate::call::context::Context;
use crate::physical::call_exec::call_nodes;
use crate::physical::demand::Demand;
use crate::physical::node::{check_partition, properties, single_partitions, stream as all_of};
use crate::statement::explain::joins::plain;

/// Executes its inner plan for batches of outer rows.
#[derive(Debug, Clone)]
pub(crate) struct BindJoinExec {
    context: Arc<Context>,
    id: usize,
    outer: Arc<dyn ExecutionPlan>,
    inner_plan: Arc<dyn ExecutionPlan>,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    batching: OuterBatching,
    demand: Demand,
    /// The node is nested in the inner plan of another bind join, and executed once per batch of that one.
    is_inner: bool,
    properties: Arc<PlanProperties>,
}

impl BindJoinExec {
    pub(crate) fn new(
        context: Arc<Context>,
        number: usize,
        outer: Arc<dyn ExecutionPlan>,
        body: Arc<dyn ExecutionPlan>,
        keys: Vec<Arc<dyn PhysicalExpr>>,
        gather: OuterBatching,
    ) -> Self {
        let properties = properties(body.schema());
        Self {
            context,
            id: number,
            outer,
            inner_plan: body,
            keys,
            batching: gather,
            demand: Demand::All,
            is_inner: false,
            properties,
        }
    }

    /// A copy with this demand.
    pub(crate) fn with_demand(&self, demand: Demand) -> Self {
        Self { demand, ..self.clone() }
    }

    pub(crate) fn needs_all_outer_rows(&self) -> bool {
        self.batching == OuterBatching::All
    }

    pub(crate) fn inner(&self) -> Self {
        Self { is_inner: true, ..self.clone() }
    }

    pub(crate) fn with_inputs(&self, outer: Arc<dyn ExecutionPlan>, body: Arc<dyn ExecutionPlan>) -> Self {
        Self { outer, inner_plan: body, ..self.clone() }
    }

    /// A copy over `outer`, which holds all outer rows.
    pub(crate) fn over(&self, outer: Arc<dyn ExecutionPlan>) -> Self {
        Self { outer, batching: OuterBatching::All, ..self.clone() }
    }

    pub(crate) fn outer(&self) -> &Arc<dyn ExecutionPlan> {
        &self.outer
    }

    pub(crate) fn keys(&self) -> Result<KeyExtractor> {
        KeyExtractor::new(&self.keys, &self.outer.schema())
    }

    /// A copy of the inner plan `body` with the outer rows and key batch inserted.
    pub(crate) fn instantiate_inner(
        &self,
        body: &Arc<dyn ExecutionPlan>,
        rows: Arc<dyn ExecutionPlan>,
        keys: &RecordBatch,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        BatchInputs { feed: self.id, rows, keys }.instantiate(body)
    }

    /// The key expressions as SQL text.
    pub(crate) fn key_names(&self) -> Vec<String> {
        self.keys.iter().map(|key| plain(&key.to_string())).collect()
    }

    /// The id and the key expressions, for the plan display.
    pub(crate) fn display_keys(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        format!("feed={}, keys=[{}]", self.id, keys.join(", "))
    }

    /// The error of a scan in the inner plan all of whose calls failed, if there is one. A nested bind join returns none,
    /// because the calls of one batch say little about the scan.
    fn verdict(&self) -> Option<DataFusionError> {
        let mut fed = call_nodes(&self.inner_plan).into_iter().filter(|_| !self.is_inner);
        fed.find_map(|exec| exec.call_spec().tally.all_failed_error()).map(Into::into)
    }
}

/// The state of one execution.
struct Execution {
    feed: BindJoinExec,
    task: Arc<TaskContext>,
    keys: KeyExtractor,
    /// The keys of earlier batches, for [`OuterBatching::DistinctKeys`].
    seen: Mutex<SeenKeys>,
}

impl Execution {
    fn new(feed: BindJoinExec, task: Arc<TaskContext>) -> Result<Self> {
        let keys = feed.keys()?;
        Ok(Self { feed, task, keys, seen: Mutex::default() })
    }

    /// Executes the inner plan for one batch of outer rows.
    fn body(&self, rows: RecordBatch) -> Result<SendableRecordBatchStream> {
        let (keys, rows) = match self.feed.batching {
            OuterBatching::DistinctKeys => {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                let (keys, new) = self.keys.take_new(&rows, &mut seen)?;
                (keys, filter_record_batch(&rows, &new)?)
            }
            OuterBatching::Streaming | OuterBatching::All => (self.keys.take_new(&rows, &mut SeenKeys::new())?.0, rows),
        };
        all_of(&self.feed.instantiate_inner(&self.feed.inner_plan, chunk(&rows)?, &keys)?, Arc::clone(&self.task))
    }
}

impl DisplayAs for BindJoinExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BindJoinExec: {}", self.display_keys())?;
        match self.batching {
            OuterBatching::Streaming => Ok(()),
            OuterBatching::DistinctKeys => f.write_str(", distinct"),
            OuterBatching::All => f.write_str(", all at once"),
        }
    }
}

impl ExecutionPlan for BindJoinExec {
    fn name(&self) -> &'static str {
        "BindJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.outer, &self.inner_plan]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        single_partitions(2)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [outer, body] = <[_; 2]>::try_from(children)
            .map_err(|_| DataFusionError::Internal("BindJoinExec has an outer relation and a body".into()))?;
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
        let chunks = match self.batching {
            OuterBatching::All => collect_outer(outer),
            OuterBatching::Streaming | OuterBatching::DistinctKeys => self.demand.batches(outer),
        };
        let ahead = self.demand.max_in_flight(self.context.options.concurrency);
        let run = Arc::new(Execution::new(self.clone(), task)?);
        let end = Arc::clone(&run);
        let rows = chunks.map(move |chunk| run.body(chunk?)).try_flatten_unordered(ahead);
        let verdict = stream::once(async move { end.feed.verdict().map(Err) }).filter_map(futures::future::ready);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.chain(verdict))))
    }
}

fn collect_outer(outer: SendableRecordBatchStream) -> BoxStream<'static, Result<RecordBatch>> {
    let schema = outer.schema();
    let all = async move {
        let batches: Vec<RecordBatch> = outer.try_collect().await?;
        Ok(concat_batches(&schema, &batches)?)
    };
    stream::once(all).boxed()
}
