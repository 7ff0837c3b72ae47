//! EXPLAIN: the calls that a plan would make, each as its request, and the plan. Sends nothing.

mod analyze;

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use stackql_call::{bind, request};
use stackql_provider::Verb;

use crate::awaiting::{Until, told};
use crate::bindings::bindings;
use crate::error::Error;
use crate::fetch::{Fetch, FetchExec, fetches, named_scope};
use crate::scope;

pub(crate) use analyze::analyze;

/// Stands for an idempotency token, which is made when a request is sent.
const NEW_TOKEN: &str = "<new>";

/// The rows of EXPLAIN: `call` rows first, `wait` rows behind those of calls that are awaited, then `plan` rows.
pub(crate) async fn explain(plan: &Arc<dyn ExecutionPlan>, task: Arc<TaskContext>) -> Result<RecordBatch> {
    let mut rows: Vec<(&str, String, Option<String>, String)> = Vec::new();
    for exec in fetches(plan) {
        calls(exec, &task, &mut rows).await?;
        let fetch = exec.fetch_of();
        if fetch.until != Until::Answer {
            let waits = told(fetch.operation.method(), &fetch.context.options);
            rows.extend(waits.into_iter().map(|wait| ("wait", operation(fetch), None, wait)));
        }
    }
    for line in displayable(plan.as_ref()).indent(false).to_string().lines() {
        rows.push(("plan", String::new(), None, line.to_owned()));
    }
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let schema = Arc::new(Schema::new(vec![text("kind"), text("operation"), text("scope"), text("detail")]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|r| Some(r.0)).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| Some(r.1.as_str()).filter(|o| !o.is_empty())).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| r.2.as_deref()).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| Some(r.3.as_str())).collect::<StringArray>()),
    ];
    Ok(RecordBatch::try_new(schema, columns)?)
}

fn operation(fetch: &Fetch) -> String {
    format!("{}.{}", fetch.operation.table(), fetch.operation.method().name)
}

async fn calls(
    exec: &FetchExec,
    task: &Arc<TaskContext>,
    rows: &mut Vec<(&'static str, String, Option<String>, String)>,
) -> Result<()> {
    let fetch = exec.fetch_of();
    let operation = operation(fetch);
    let input = exec.children()[0];
    if let Some(keys) = exec.keys() {
        let detail =
            format!("{} for each value of {}", fetch.operation.method().request.http_method, keys.columns().join(", "));
        rows.push(("call", operation, None, detail));
        return Ok(());
    }
    if !fetches(input).is_empty() {
        let detail = "a call for each row of the calls before".to_owned();
        rows.push(("call", operation, None, detail));
        return Ok(());
    }
    for batch in collect(Arc::clone(input), Arc::clone(task)).await? {
        for row in 0..batch.num_rows() {
            let bound = fetch.with_clauses(bindings(&batch, row)?);
            let everywhere = named_scope(&fetch.operation, &bound) == Some(scope::ALL);
            let mut bound = bound;
            if everywhere && let Some(scope) = scope::scope_of(&fetch.operation) {
                bound.remove(&scope.name);
            }
            let places = scope::places(&fetch.context, &fetch.operation, bound).await?;
            for place in places {
                let call =
                    bind(Arc::clone(&fetch.operation), &place, &mut || NEW_TOKEN.to_owned()).map_err(Error::from)?;
                let wanted = fetch.paging.wanted.map(|w| u32::try_from(w).unwrap_or(u32::MAX));
                let mut detail = request(&call, None, wanted).map_err(Error::from)?.summary();
                let method = fetch.operation.method();
                if method.verb == Verb::Select && method.paging.is_some() {
                    detail.push_str(" (and the pages that follow, as long as rows are wanted)");
                }
                let scope = if everywhere { Some(scope::ALL) } else { call.scope() };
                rows.push(("call", operation.clone(), scope.map(str::to_owned), detail));
            }
        }
    }
    Ok(())
}
