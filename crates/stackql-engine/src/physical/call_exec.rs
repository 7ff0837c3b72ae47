//! `CallExec`, the plan node that calls an API method (scans and writes).
//!
//! Its input is rows of parameter bindings, its output is rows of the resource. Each input row is one call, or one for each
//! member where the scope is `*`. The calls of all rows run concurrently.

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

use crate::Failure;
use crate::access::explanation::AccessExplanation;
use crate::bind_join::inner_plan::KeyBindingsExec;
use crate::call::context::Context;
use crate::call::lro::{WaitFor, call_and_wait};
use crate::call::page_stream::{ReadOptions, pages, read_total_count};
use crate::call::tally::Tally;
use crate::error::Error;
use crate::journal::JournaledCall;
use crate::physical::demand::Demand;
use crate::physical::node::{check_partition, properties, single_partitions, stream as all_of};
use crate::physical::output_mapping::OutputMapping;

/// What a `CallExec` calls and how it maps responses to rows.
#[derive(Debug, Clone)]
pub(crate) struct CallSpec {
    pub(crate) context: Arc<Context>,
    pub(crate) operation: Arc<Operation>,
    pub(crate) projection: RowProjection,
    pub(crate) output_mapping: OutputMapping,
    pub(crate) options: ReadOptions,
    pub(crate) wait_for: WaitFor,
    /// The success and failure counts of its calls, over all its executions.
    pub(crate) tally: Arc<Tally>,
    /// A bind join supplies its parameters, a few keys at a time; that all calls of one execution failed means little then.
    pub(crate) inner_of_bind_join: bool,
    /// The node is known to make exactly one call.
    pub(crate) single_call: bool,
    /// Its calls are for the rows that the statement lists or selects, in their order.
    pub(crate) rows_from_statement: bool,
    /// Clauses of the statement that are pushed down into every call.
    pub(crate) pushed_clauses: Bindings,
    /// The number of filters that the pushed clauses apply exactly.
    pub(crate) exact_filters: usize,
    /// Parameters that only filter rows; the same filters are re-applied locally.
    pub(crate) filter_only_parameters: Vec<String>,
    /// How the access path of a read was chosen, for EXPLAIN; `None` for a write.
    pub(crate) explanation: Option<AccessExplanation>,
    /// Filters on the scope; members that they exclude are not called.
    pub(crate) scope_filters: Vec<Expr>,
}

impl CallSpec {
    /// The bindings of a call: those of its input row, and the pushed clauses for parameters that the row does not bind.
    pub(crate) fn with_clauses(&self, mut row: Bindings) -> Bindings {
        for (name, value) in &self.pushed_clauses {
            row.entry(name.clone()).or_insert_with(|| value.clone());
        }
        row
    }
}

/// The call nodes of a plan, the deepest first.
pub(crate) fn call_nodes(plan: &Arc<dyn ExecutionPlan>) -> Vec<&CallExec> {
    let mut found: Vec<&CallExec> = plan.children().into_iter().flat_map(call_nodes).collect();
    found.extend((plan.as_ref() as &dyn Any).downcast_ref::<CallExec>());
    found
}

/// The plan node that calls an operation for each input row.
#[derive(Debug, Clone)]
pub(crate) struct CallExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<CallSpec>,
    demand: Demand,
    /// Another node of the plan, or another execution of this one, may make the same calls, so responses are shared.
    shared: bool,
    properties: Arc<PlanProperties>,
}

impl CallExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, fetch: Arc<CallSpec>) -> Self {
        let properties = properties(fetch.output_mapping.schema());
        Self { input, spec: fetch, demand: Demand::All, shared: false, properties }
    }

    /// A copy with this demand; `shared`: the same calls may be made elsewhere, too.
    pub(crate) fn with_demand(&self, demand: Demand, shared: bool) -> Self {
        Self { demand, shared: self.shared || shared, ..self.clone() }
    }

    /// A copy with further pushed clauses and, if `wanted` is set, a limit on the number of rows.
    pub(crate) fn with_clauses(&self, clauses: Vec<(String, Value)>, wanted: Option<usize>) -> Self {
        let mut fetch = self.spec.as_ref().clone();
        fetch.pushed_clauses.extend(clauses);
        fetch.options.limit = wanted.or(fetch.options.limit);
        Self { spec: Arc::new(fetch), ..self.clone() }
    }

    /// A copy without the pushed clause of a parameter.
    pub(crate) fn without_clause(&self, parameter: Option<&str>) -> Self {
        let mut fetch = self.spec.as_ref().clone();
        fetch.pushed_clauses.retain(|name, _| Some(name.as_str()) != parameter);
        Self { spec: Arc::new(fetch), ..self.clone() }
    }

    /// A copy whose input is the rows that a statement lists or selects.
    pub(crate) fn numbering_rows(&self) -> Self {
        Self { spec: Arc::new(CallSpec { rows_from_statement: true, ..self.spec.as_ref().clone() }), ..self.clone() }
    }

    /// The total number of rows of all calls, where every response reports it; `None` where one does not.
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

    /// Binds the calls without sending them, as journal records.
    pub(crate) async fn bind_calls(&self, task: Arc<TaskContext>) -> Result<Vec<JournaledCall>> {
        let calls = self.spec.bind_rows(all_of(&self.input, task)?).await?;
        self.spec.context.reserve_calls(calls.len())?;
        Ok(calls)
    }

    /// The key bindings node below, where a bind join supplies parameters.
    pub(crate) fn keys(&self) -> Option<&KeyBindingsExec> {
        let mut input = &self.input;
        loop {
            if let Some(keys) = (input.as_ref() as &dyn Any).downcast_ref() {
                return Some(keys);
            }
            // Nodes that only pass rows on may be in between.
            input = input.children().into_iter().next()?;
        }
    }

    /// The specification of the calls.
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

/// The rows of all calls, interleaved.
///
/// A failed call ends only its own rows, and its failure is recorded. The statement fails at once where the setting
/// `fail_fast` is on. It also fails where the failed call is the only one, unless rows came before the error: these are then
/// a partial result, except in a statement that changes something, which must not act on incomplete rows. Where all calls
/// fail, the last of them to fail is the error of the statement.
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
    // Streams are created lazily: there may be many more calls than may be in flight.
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
    // A call that waits for a long-running operation is not in flight, so the concurrency limit does not apply.
    let most = (fetch.wait_for == WaitFor::Response).then(|| fetch.context.options.concurrency.max(1));
    let rows = stream::iter(streams).flatten_unordered(most);
    if is_alone || first_ends_all || fetch.inner_of_bind_join {
        return Ok(rows.boxed());
    }
    // When all calls have failed, the statement has failed; there is no partial result.
    let tally = Arc::clone(&fetch.tally);
    let verdict = stream::once(async move { tally.all_failed_error().map(|error| Err(error.into())) });
    Ok(rows.chain(verdict.filter_map(futures::future::ready)).boxed())
}

/// The scope that the bindings of a call name, if any.
pub(crate) fn named_scope<'a>(operation: &Operation, bindings: &'a Bindings) -> Option<&'a str> {
    match bindings.get(operation.service.endpoints.scope.as_ref()?) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}
