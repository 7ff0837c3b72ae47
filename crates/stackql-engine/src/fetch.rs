//! `FetchExec`, the one node that calls APIs. Its input is rows of parameters, its output rows of the resource: each
//! input row is a call (one a member where the scope is `*`), and the calls of all rows run concurrently.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::future::TryFutureExt;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use stackql_call::{Bindings, Operation, RowPlan, Value, bind};

use crate::awaiting::{Until, awaited};
use crate::bindings::bindings;
use crate::context::Context;
use crate::demand::Demand;
use crate::error::Error;
use crate::output::Output;
use crate::pages::{Paging, pages};
use crate::{Failure, scope};

/// What a fetch calls and what it makes of the answers.
#[derive(Debug, Clone)]
pub(crate) struct Fetch {
    pub(crate) context: Arc<Context>,
    pub(crate) operation: Arc<Operation>,
    pub(crate) plan: RowPlan,
    pub(crate) output: Output,
    pub(crate) paging: Paging,
    pub(crate) until: Until,
    /// How its calls went, over all its executions.
    pub(crate) tally: Arc<Tally>,
    /// Other relations feed its parameters, a few at a time: that no call of an execution was answered says little.
    pub(crate) is_fed: bool,
}

/// How the calls of a fetch went.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    calls: AtomicUsize,
    failed: Mutex<Vec<Error>>,
}

impl Tally {
    fn fail(&self, error: Error) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }

    /// The last failure, if no call was answered.
    pub(crate) fn verdict(&self) -> Option<Error> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let lost_all = failed.len() == self.calls.load(Ordering::Relaxed);
        failed.pop().filter(|_| lost_all)
    }
}

/// The fetches of a plan, those deep inside first.
pub(crate) fn fetches(plan: &Arc<dyn ExecutionPlan>) -> Vec<&FetchExec> {
    let mut found: Vec<&FetchExec> = plan.children().into_iter().flat_map(fetches).collect();
    found.extend((plan.as_ref() as &dyn Any).downcast_ref::<FetchExec>());
    found
}

/// Calls an operation for each input row.
#[derive(Debug, Clone)]
pub(crate) struct FetchExec {
    input: Arc<dyn ExecutionPlan>,
    fetch: Arc<Fetch>,
    demand: Demand,
    properties: Arc<PlanProperties>,
}

impl FetchExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, fetch: Arc<Fetch>) -> Self {
        let partitions = input.properties().partitioning.partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(fetch.output.schema()),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { input, fetch, demand: Demand::All, properties: Arc::new(properties) }
    }

    /// The same, read as far as `demand` says.
    pub(crate) fn with_demand(&self, demand: Demand) -> Self {
        Self { demand, ..self.clone() }
    }

    /// The operation that is called.
    pub(crate) fn fetch_of(&self) -> &Fetch {
        &self.fetch
    }
}

impl DisplayAs for FetchExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fetch = &self.fetch;
        write!(f, "FetchExec: {} {}", fetch.operation.table(), fetch.operation.method().name)?;
        match fetch.paging.wanted {
            Some(wanted) => write!(f, ", limit={wanted}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for FetchExec {
    fn name(&self) -> &'static str {
        "FetchExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(input, Arc::clone(&self.fetch)).with_demand(self.demand))),
            _ => Err(DataFusionError::Internal("FetchExec has one input".into())),
        }
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let input = self.input.execute(partition, task)?;
        let fetch = Arc::clone(&self.fetch);
        let rows = async move { all_rows(&fetch, input).await }.try_flatten_stream();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

/// The rows of all calls. A call that fails ends only its own rows, unless it is the only one or all fail.
async fn all_rows(
    fetch: &Arc<Fetch>,
    mut input: SendableRecordBatchStream,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let mut calls = Vec::new();
    while let Some(batch) = input.try_next().await? {
        for row in 0..batch.num_rows() {
            for bindings in scope::places(&fetch.context, &fetch.operation, bindings(&batch, row)?).await? {
                let mut token = || uuid::Uuid::new_v4().to_string();
                calls.push(bind(Arc::clone(&fetch.operation), &bindings, &mut token).map_err(Error::from)?);
            }
        }
    }
    let context = &fetch.context;
    context.progress.scopes.fetch_add(calls.len() as u64, Ordering::Relaxed);
    let is_only = calls.len() == 1 && !fetch.is_fed;
    let tally = Arc::clone(&fetch.tally);
    tally.calls.fetch_add(calls.len(), Ordering::Relaxed);
    let streams = calls.into_iter().map(|call| {
        let tally = Arc::clone(&tally);
        let (context, output) = (Arc::clone(&fetch.context), fetch.output.clone());
        let (of, plan) = (Arc::clone(&context), fetch.plan.clone());
        let rows = match fetch.until {
            Until::Answer => pages(of, call.clone(), plan, fetch.paging.clone()).boxed(),
            until => stream::once(awaited(of, call.clone(), plan, until)).boxed(),
        };
        let ended = Arc::clone(&context);
        rows.map(move |page| match page {
            Ok(page) => Some(output.batch(&call, &page)),
            Err(error) if is_only => Some(Err(error.into())),
            Err(error) => {
                context.lose(Failure::from(&error));
                tally.fail(error);
                None
            }
        })
        .chain(stream::once(async move {
            ended.progress.scopes_done.fetch_add(1, Ordering::Relaxed);
            None
        }))
        .filter_map(futures::future::ready)
        .boxed()
    });
    let streams: Vec<_> = streams.collect();
    // What waits is not in flight.
    let most = (fetch.until == Until::Answer).then(|| fetch.context.options.concurrency.max(1));
    let rows = stream::iter(streams).flatten_unordered(most);
    if is_only || fetch.is_fed {
        return Ok(rows.boxed());
    }
    // When no call is left that answered, the statement failed; it is not an answer with parts missing.
    let tally = Arc::clone(&fetch.tally);
    let verdict = stream::once(async move { tally.verdict().map(|error| Err(error.into())) });
    Ok(rows.chain(verdict.filter_map(futures::future::ready)).boxed())
}

/// The value that a fetch's bindings have for its scope, if they name one.
pub(crate) fn named_scope<'a>(operation: &Operation, bindings: &'a Bindings) -> Option<&'a str> {
    match bindings.get(operation.service.endpoints.scope.as_ref()?) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}
