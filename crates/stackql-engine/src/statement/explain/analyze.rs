//! EXPLAIN ANALYZE: executes a statement and reports each of its calls, the totals, and the plan.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, displayable, execute_stream};
use futures::TryStreamExt;
use tokio::time::Instant;

use crate::call::context::Context;
use crate::call::log::LoggedCall;
use crate::catalog::exec_table;

/// One row of EXPLAIN ANALYZE.
#[derive(Default)]
struct CallRow {
    kind: &'static str,
    operation: Option<String>,
    scope: Option<String>,
    detail: String,
    status: Option<i64>,
    attempt: Option<i64>,
    rows: Option<i64>,
    bytes: Option<i64>,
    waited: Option<i64>,
    duration: Option<i64>,
}

/// Executes the plan, discards its rows, and returns the rows of EXPLAIN ANALYZE.
pub(crate) async fn analyze(
    context: &Context,
    plan: Arc<dyn ExecutionPlan>,
    task: Arc<TaskContext>,
) -> Result<RecordBatch> {
    let first = context.log.len();
    let started = Instant::now();
    exec_table::call(context, Arc::clone(&task)).await?;
    let mut rows = 0;
    let mut stream = execute_stream(Arc::clone(&plan), task)?;
    while let Some(batch) = stream.try_next().await? {
        rows += batch.num_rows();
    }
    let took = whole(started.elapsed().as_millis());
    let calls = context.log.since(first);
    let mut lines: Vec<CallRow> = calls.iter().map(line).collect();
    lines.push(total(&calls, rows, took));
    let plan = displayable(plan.as_ref()).indent(false).to_string();
    lines.extend(plan.lines().map(|l| CallRow { kind: "plan", detail: l.to_owned(), ..CallRow::default() }));
    batch(&lines)
}

fn line(call: &LoggedCall) -> CallRow {
    let detail = match &call.sent.error {
        Some(error) => format!("{} ({error})", call.request),
        None if call.sent.cached => format!("{} (kept from before)", call.request),
        None => call.request.clone(),
    };
    CallRow {
        kind: "call",
        operation: Some(call.operation()),
        scope: call.scope.clone(),
        detail,
        status: call.sent.status.map(i64::from),
        attempt: Some(call.attempt),
        rows: call.rows,
        bytes: Some(whole(call.sent.bytes.into())),
        waited: Some(whole(call.sent.waited.as_millis())),
        duration: Some(whole(call.sent.duration.as_millis())),
    }
}

fn total(calls: &[LoggedCall], rows: usize, took: i64) -> CallRow {
    let retries = calls.iter().filter(|c| c.attempt > 1).count();
    let pages = calls.iter().filter(|c| c.rows.is_some()).count();
    let kept = calls.iter().filter(|c| c.sent.cached).count();
    let mut detail = format!("{} calls sent, {retries} of them again; ", calls.len() - kept);
    if kept > 0 {
        detail.push_str(&format!("{kept} answers kept from before; "));
    }
    detail.push_str(&format!("{pages} pages; {rows} rows given"));
    let sum = |of: &dyn Fn(&LoggedCall) -> i64| Some(calls.iter().map(of).sum());
    CallRow {
        kind: "total",
        detail,
        rows: sum(&|c| c.rows.unwrap_or_default()),
        bytes: sum(&|c| whole(c.sent.bytes.into())),
        waited: sum(&|c| whole(c.sent.waited.as_millis())),
        duration: Some(took),
        ..CallRow::default()
    }
}

fn whole(number: u128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn batch(lines: &[CallRow]) -> Result<RecordBatch> {
    let text =
        |of: &dyn Fn(&CallRow) -> Option<String>| Arc::new(lines.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let number =
        |of: &dyn Fn(&CallRow) -> Option<i64>| Arc::new(lines.iter().map(of).collect::<Int64Array>()) as ArrayRef;
    let names = ["status", "attempt", "rows", "bytes", "waited_ms", "duration_ms"];
    let texts = ["kind", "operation", "scope", "detail"].map(|n| Field::new(n, DataType::Utf8, true));
    let numbers = names.map(|n| Field::new(n, DataType::Int64, true));
    let schema = Schema::new(texts.into_iter().chain(numbers).collect::<Vec<_>>());
    let columns = vec![
        text(&|l| Some(l.kind.to_owned())),
        text(&|l| l.operation.clone()),
        text(&|l| l.scope.clone()),
        text(&|l| Some(l.detail.clone())),
        number(&|l| l.status),
        number(&|l| l.attempt),
        number(&|l| l.rows),
        number(&|l| l.bytes),
        number(&|l| l.waited),
        number(&|l| l.duration),
    ];
    Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
}
