//! EXPLAIN: the calls that a plan would make, each with its request, how they were chosen, and the plan. Methods of the
//! plan are not called.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use stackql_call::{bind, request};
use stackql_provider::{Permissions, Verb};

use crate::call::context::Context;
use crate::call::lro::WaitFor;
use crate::call::scope;
use crate::call::scope::filters::ScopeFilters;
use crate::error::Error;
use crate::physical::binding_rows::bindings;
use crate::physical::call_exec::{CallExec, CallSpec, call_nodes, named_scope};
use crate::physical::demand::calls_excluding_fallback;
use crate::statement::explain::estimate::{CallCount, Estimate, total};
use crate::statement::explain::joins::joins;
use crate::statement::explain::lro::explain_lro;
use crate::table::columns::spelled;
use crate::views::plan::View;

/// Placeholder of an idempotency token, which is generated only when the request is sent.
const NEW_TOKEN: &str = "<new>";
/// Maximum number of calls of one operation that are listed.
const MOST_CALLS: usize = 100;

/// A row of EXPLAIN.
struct ExplainRow {
    kind: &'static str,
    operation: Option<String>,
    scope: Option<String>,
    detail: String,
}

impl ExplainRow {
    fn new(kind: &'static str, operation: Option<&str>, detail: String) -> Self {
        Self { kind, operation: operation.map(str::to_owned), scope: None, detail }
    }
}

/// The rows of EXPLAIN, by kind. First `view`: the query that a name is expanded to. For each operation then `call`: a
/// request; `method`: why this method was chosen; `filter`: a condition and how it is applied; `wait`: how completion is
/// polled; `permission`: the permissions that are needed; and `estimate`: the number of requests. At the end `join`: how
/// relations are joined; `estimate` of the sum; and `plan`.
pub(crate) async fn explain(
    context: &Context,
    plan: &Arc<dyn ExecutionPlan>,
    task: Arc<TaskContext>,
) -> Result<RecordBatch> {
    let view = |(name, view): (String, Arc<View>)| {
        let text = view.text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        ExplainRow::new("view", Some(&view.label(&name)), text)
    };
    let (mut lines, mut estimates): (Vec<ExplainRow>, _) =
        (context.views().into_iter().map(view).collect(), Vec::new());
    for exec in calls_excluding_fallback(plan) {
        let estimate = calls(exec, &task, &mut lines).await?;
        add_operation_rows(exec.call_spec(), &estimate, &mut lines);
        estimates.push(estimate);
    }
    lines.extend(joins(plan).into_iter().map(|join| ExplainRow::new("join", None, join)));
    if estimates.len() > 1 {
        lines.push(ExplainRow::new("estimate", None, total(&estimates)));
    }
    let shown = displayable(plan.as_ref()).indent(false).to_string();
    lines.extend(shown.lines().map(|line| ExplainRow::new("plan", None, line.to_owned())));
    batch(&lines)
}

fn batch(lines: &[ExplainRow]) -> Result<RecordBatch> {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let schema = Arc::new(Schema::new(vec![text("kind"), text("operation"), text("scope"), text("detail")]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(lines.iter().map(|line| Some(line.kind)).collect::<StringArray>()),
        Arc::new(lines.iter().map(|line| line.operation.as_deref()).collect::<StringArray>()),
        Arc::new(lines.iter().map(|line| line.scope.as_deref()).collect::<StringArray>()),
        Arc::new(lines.iter().map(|line| Some(line.detail.as_str())).collect::<StringArray>()),
    ];
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// Appends the rows of an operation other than its requests.
fn add_operation_rows(fetch: &CallSpec, estimate: &Estimate, lines: &mut Vec<ExplainRow>) {
    let operation = operation(fetch);
    let mut line = |kind, detail: String| lines.push(ExplainRow::new(kind, Some(&operation), detail));
    if let Some(choice) = &fetch.explanation {
        choice.method().into_iter().for_each(|why| line("method", why));
        choice.filters().into_iter().for_each(|filter| line("filter", filter));
    }
    if fetch.wait_for != WaitFor::Response {
        for wait in explain_lro(fetch.operation.method(), &fetch.context.options) {
            line("wait", wait);
        }
    }
    let Permissions { names, any } = &fetch.operation.method().permissions;
    if !names.is_empty() {
        line("permission", format!("{}{}", if *any { "any of " } else { "" }, names.join(", ")));
    }
    line("estimate", estimate.to_string());
}

fn operation(fetch: &CallSpec) -> String {
    format!("{}.{}", fetch.operation.qualified_name(), fetch.operation.method().name)
}

async fn calls(exec: &CallExec, task: &Arc<TaskContext>, lines: &mut Vec<ExplainRow>) -> Result<Estimate> {
    let fetch = exec.call_spec();
    let operation = operation(fetch);
    let http_method = &fetch.operation.method().request.http_method;
    let input = exec.children()[0];
    if let Some(keys) = exec.keys() {
        let columns: Vec<String> = keys.columns().iter().map(|column| spelled(column).to_owned()).collect();
        let detail = format!("{http_method} for each value of {}", columns.join(", "));
        lines.push(ExplainRow::new("call", Some(&operation), detail));
        return Ok(Estimate::for_call(exec, CallCount::Keys(columns)));
    }
    if !call_nodes(input).is_empty() {
        lines.push(ExplainRow::new("call", Some(&operation), "a call for each row of the calls before".to_owned()));
        return Ok(Estimate::for_call(exec, CallCount::Rows));
    }
    let (mut count, mut members) = (0, None);
    let mut filters = ScopeFilters::new(&fetch.operation, &fetch.scope_filters);
    for batch in collect(Arc::clone(input), Arc::clone(task)).await? {
        for row in 0..batch.num_rows() {
            let mut bound = fetch.with_clauses(bindings(&batch, row)?);
            let everywhere = named_scope(&fetch.operation, &bound) == Some(scope::ALL_MEMBERS);
            let is_default = named_scope(&fetch.operation, &bound).is_none();
            if everywhere && let Some(scope) = scope::scope_of(&fetch.operation) {
                bound.remove(&scope.name);
                members = Some(scope.name.clone());
            }
            let places = scope::expand_scopes(&fetch.context, &fetch.operation, bound).await?;
            for place in places {
                // The call of a scope wildcard represents all members, so filters on members do not apply to it.
                if !everywhere && !filters.admit(&place) {
                    continue;
                }
                count += 1;
                if count > MOST_CALLS {
                    continue;
                }
                let call =
                    bind(Arc::clone(&fetch.operation), &place, &mut || NEW_TOKEN.to_owned()).map_err(Error::from)?;
                let wanted = fetch.options.limit.map(|w| u32::try_from(w).unwrap_or(u32::MAX));
                let mut detail = request(&call, None, wanted).map_err(Error::from)?.summary();
                let method = fetch.operation.method();
                if method.verb == Verb::Select && method.paging.is_some() {
                    detail.push_str(" (and the pages that follow, as long as rows are wanted)");
                }
                let scope = match call.scope() {
                    _ if everywhere => Some(scope::ALL_MEMBERS.to_owned()),
                    Some(scope) if is_default => Some(format!("{scope} (default)")),
                    scope => scope.map(str::to_owned),
                };
                lines.push(ExplainRow { scope, ..ExplainRow::new("call", Some(&operation), detail) });
            }
        }
    }
    if count > MOST_CALLS {
        lines.push(ExplainRow::new("call", Some(&operation), format!("and {} more", count - MOST_CALLS)));
    }
    Ok(Estimate::for_call(exec, members.map_or(CallCount::Known(count), CallCount::Members)))
}
