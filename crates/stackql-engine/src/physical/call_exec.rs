//! `CallExec`, the one node that calls APIs. Its input is rows of parameters, its output rows of the resource: each
//! input row is a call (one a member where the scope is `*`), and the calls of all rows run concurrently.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PlanProperties,
};
use futures::future::TryFutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use stackql_call::{Bindings, Operation, RowProjection, Value};

use crate::call::tally::Tally;

use crate::Failure;
use crate::access::explanation::AccessExplanation;
use crate::bind_join::inner_plan::KeyBindingsExec;
use crate::call::context::Context;
use crate::call::lro::{WaitFor, call_and_wait};
use crate::call::page_stream::{ReadOptions, pages, read_total_count};
use crate::error::Error;
use crate::journal::JournaledCall;
use crate::physical::demand::Demand;
use crate::physical::node::{check_partition, properties, single_partitions, stream as all_of};
use crate::physical::output_mapping::OutputMapping;

/// What a fetch calls and what it makes of the answers.
#[derive(Debug, Clone)]
pub(crate) struct CallSpec {
    pub(crate) context: Arc<Context>,
    pub(crate) operation: Arc<Operation>,
    pub(crate) projection: RowProjection,
    pub(crate) output_mapping: OutputMapping,
    pub(crate) options: ReadOptions,
    pub(crate) wait_for: WaitFor,
    /// How its calls went, over all its executions.
    pub(crate) tally: Arc<Tally>,
    /// Other relations feed its parameters, a few at a time: that no call of an execution was answered says little.
    pub(crate) inner_of_bind_join: bool,
    /// It is known to be one call.
    pub(crate) single_call: bool,
    /// Its calls are for the rows that a statement lists or selects, in their order.
    pub(crate) rows_from_statement: bool,
    /// Clauses of the statement that every call carries.
    pub(crate) pushed_clauses: Bindings,
    /// How many conditions of the statement are settled by them.
    pub(crate) exact_filters: usize,
    /// Parameters that only leave rows out, which are left out here all the same.
    pub(crate) filter_only_parameters: Vec<String>,
    /// What it reads a table by; `None` where it changes something.
    pub(crate) explanation: Option<AccessExplanation>,
    /// Filters on the scope: members that they exclude are not asked.
    pub(crate) scope_filters: Vec<Expr>,
}

impl CallSpec {
    /// What is bound for a call: what a row of parameters says, and the clauses.
    pub(crate) fn with_clauses(&self, mut row: Bindings) -> Bindings {
        for (name, value) in &self.pushed_clauses {
            row.entry(name.clone()).or_insert_with(|| value.clone());
        }
        row
    }
}

/// The fetches of a plan, those deep inside first.
pub(crate) fn call_nodes(plan: &Arc<dyn ExecutionPlan>) -> Vec<&CallExec> {
    let mut found: Vec<&CallExec> = plan.children().into_iter().flat_map(call_nodes).collect();
    found.extend((plan.as_ref() as &dyn Any).downcast_ref::<CallExec>());
    found
}

/// Calls an operation for each input row.
#[derive(Debug, Clone)]
pub(crate) struct CallExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<CallSpec>,
    demand: Demand,
    /// Another node of the plan, or another run of this one, may make the same calls.
    shared: bool,
    properties: Arc<PlanProperties>,
}

impl CallExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, fetch: Arc<CallSpec>) -> Self {
        let properties = properties(fetch.output_mapping.schema());
        Self { input, spec: fetch, demand: Demand::All, shared: false, properties }
    }

    /// The same, read as far as `demand` says; `shared`: its calls may be made elsewhere, too.
    pub(crate) fn with_demand(&self, demand: Demand, shared: bool) -> Self {
        Self { demand, shared: self.shared || shared, ..self.clone() }
    }

    /// The same with clauses that every call carries, and so many rows wanted of it.
    pub(crate) fn with_clauses(&self, clauses: Vec<(String, Value)>, wanted: Option<usize>) -> Self {
        let mut fetch = self.spec.as_ref().clone();
        fetch.pushed_clauses.extend(clauses);
        fetch.options.limit = wanted.or(fetch.options.limit);
        Self { spec: Arc::new(fetch), ..self.clone() }
    }

    /// The same without the clause that a parameter takes.
    pub(crate) fn without_clause(&self, parameter: Option<&str>) -> Self {
        let mut fetch = self.spec.as_ref().clone();
        fetch.pushed_clauses.retain(|name, _| Some(name.as_str()) != parameter);
        Self { spec: Arc::new(fetch), ..self.clone() }
    }

    /// The same, whose input is the rows that a statement lists or selects.
    pub(crate) fn numbering_rows(&self) -> Self {
        Self { spec: Arc::new(CallSpec { rows_from_statement: true, ..self.spec.as_ref().clone() }), ..self.clone() }
    }

    /// How many rows there are, as far as every answer says it.
    pub(crate) async fn fetch_total_count(&self, task: Arc<TaskContext>) -> Result<Option<i64>> {
        let mut total = 0;
        let calls = self.spec.calls(all_of(&self.input, task)?).await?;
        self.spec.context.reserve_calls(calls.len())?;
        for (_, call) in calls {
            let count = read_total_count(&self.spec.context, call, self.spec.projection.clone()).await?;
            let Some(count) = count.and_then(|count| i64::try_from(count).ok()) else { return Ok(None) };
            total += count;
        }
        Ok(Some(total))
    }

    /// What its calls are bound from, none of which is made.
    pub(crate) async fn bind_calls(&self, task: Arc<TaskContext>) -> Result<Vec<JournaledCall>> {
        let calls = self.spec.bind_rows(all_of(&self.input, task)?).await?;
        self.spec.context.reserve_calls(calls.len())?;
        Ok(calls)
    }

    /// Where its parameters come from other relations: what of them.
    pub(crate) fn keys(&self) -> Option<&KeyBindingsExec> {
        let mut input = &self.input;
        loop {
            if let Some(keys) = (input.as_ref() as &dyn Any).downcast_ref() {
                return Some(keys);
            }
            // Nodes that only pass rows on may stand between.
            input = input.children().into_iter().next()?;
        }
    }

    /// The operation that is called.
    pub(crate) fn call_spec(&self) -> &CallSpec {
        &self.spec
    }
}

impl DisplayAs for CallExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fetch = &self.spec;
        write!(f, "CallExec: {} {}", fetch.operation.qualified_name(), fetch.operation.method().name)?;
        match fetch.options.limit {
            Some(wanted) => write!(f, ", limit={wanted}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for CallExec {
    fn name(&self) -> &'static str {
        "CallExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        single_partitions(1)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => {
                Ok(Arc::new(Self::new(input, Arc::clone(&self.spec)).with_demand(self.demand, self.shared)))
            }
            _ => Err(DataFusionError::Internal("CallExec has one input".into())),
        }
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
        let input = all_of(&self.input, task)?;
        let fetch = Arc::clone(&self.spec);
        let paging = ReadOptions {
            prefetch: self.demand == Demand::All && fetch.options.limit.is_none(),
            dedupe: self.shared,
            ..fetch.options.clone()
        };
        let rows = async move { all_rows(&fetch, paging, input).await }.try_flatten_stream();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

/// The rows of all calls. A call that fails ends only its own rows, unless all fail, or it is the only one. One that fails
/// behind some of its rows was answered in part, and is no failure of the statement, unless that would change something by
/// what it does not know.
async fn all_rows(
    fetch: &Arc<CallSpec>,
    paging: ReadOptions,
    input: SendableRecordBatchStream,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let calls = fetch.calls(input).await?;
    let context = &fetch.context;
    context.reserve_calls(calls.len())?;
    context.progress.scopes.fetch_add(calls.len() as u64, Ordering::Relaxed);
    let is_alone = calls.len() == 1 && !fetch.inner_of_bind_join;
    let says_rows = fetch.has_statement_rows() && calls.iter().enumerate().all(|(at, (row, _))| *row == at + 1);
    let first_ends_all = context.settings.fail_fast;
    let is_change = context.course.is_change.load(Ordering::Relaxed);
    let ends_all = move |error: &Error| first_ends_all || (is_alone && (is_change || !error.follows_rows()));
    let tally = Arc::clone(&fetch.tally);
    tally.add_planned(calls.len());
    let of_call = Arc::clone(fetch);
    // Each is made as its turn comes: there may be many more calls than may be in flight.
    let streams = calls.into_iter().map(move |(row, call)| {
        let tally = Arc::clone(&tally);
        let (context, fetch) = (Arc::clone(&of_call.context), Arc::clone(&of_call));
        let (of, plan) = (Arc::clone(&context), fetch.projection.clone());
        let rows = match fetch.wait_for {
            WaitFor::Response => pages(of, call.clone(), plan, paging.clone()).boxed(),
            until => stream::once(call_and_wait(of, call.clone(), plan, until)).boxed(),
        };
        let ended = Arc::clone(&context);
        rows.map(move |page| {
            match page.map_err(|error| if is_alone { error } else { fetch.add_call_context(row, &call, error) }) {
                Ok(page) => Some(fetch.output_mapping.batch(&call, &page)),
                Err(error) if ends_all(&error) => Some(Err(error.into())),
                Err(error) => {
                    if !error.is_dry_run() {
                        context.record_failure(Failure::from(&error));
                    }
                    if !error.follows_rows() {
                        tally.fail(says_rows.then_some(row), error);
                    }
                    None
                }
            }
        })
        .chain(stream::once(async move {
            ended.progress.scopes_done.fetch_add(1, Ordering::Relaxed);
            None
        }))
        .filter_map(futures::future::ready)
        .boxed()
    });
    // What waits is not in flight.
    let most = (fetch.wait_for == WaitFor::Response).then(|| fetch.context.options.concurrency.max(1));
    let rows = stream::iter(streams).flatten_unordered(most);
    if is_alone || first_ends_all || fetch.inner_of_bind_join {
        return Ok(rows.boxed());
    }
    // When no call is left that answered, the statement failed; it is not an answer with parts missing.
    let tally = Arc::clone(&fetch.tally);
    let verdict = stream::once(async move { tally.all_failed_error().map(|error| Err(error.into())) });
    Ok(rows.chain(verdict.filter_map(futures::future::ready)).boxed())
}

/// The value that a fetch's bindings have for its scope, if they name one.
pub(crate) fn named_scope<'a>(operation: &Operation, bindings: &'a Bindings) -> Option<&'a str> {
    match bindings.get(operation.service.endpoints.scope.as_ref()?) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}
