//! The call log of a session: the rows of `system.calls` and `system.errors`, the page counts of lists, and scope defaults.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use stackql_call::{Attempt, Operation, Request};

use crate::{FailedCall, Failure};

/// The assumed number of pages of a list that was not read yet.
pub(crate) const USUAL_PAGES: usize = 10;

/// The calls and errors of a session, oldest first.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    calls: Mutex<Vec<LoggedCall>>,
    errors: Mutex<Vec<Failure>>,
    /// The number of pages of the last complete list of a table.
    pages: Mutex<HashMap<String, usize>>,
    /// The defaults that were used for scopes that statements do not bind.
    defaults: Mutex<Defaults>,
}

/// Scope defaults, as provider, scope and value.
#[derive(Debug, Default)]
struct Defaults {
    known: BTreeSet<[String; 3]>,
    /// Those not yet returned by [`CallLog::new_defaults`].
    new: Vec<[String; 3]>,
}

/// One attempt of a request, or a response from the cache.
#[derive(Debug, Clone)]
pub(crate) struct LoggedCall {
    provider: String,
    resource: String,
    method: String,
    pub(crate) scope: Option<String>,
    pub(crate) request: String,
    pub(crate) attempt: i64,
    pub(crate) sent: Attempt,
    pub(crate) rows: Option<i64>,
}

impl LoggedCall {
    /// The qualified name of the method.
    pub(crate) fn operation(&self) -> String {
        format!("{}.{}.{}", self.provider, self.resource, self.method)
    }
}

impl CallLog {
    /// Records every attempt of a request; `rows` is the number of rows of the last one.
    pub(crate) fn record(&self, request: &Request, attempts: &[Attempt], rows: Option<usize>) {
        let summary = request.redacted_summary();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let operation = &request.operation;
        for (i, sent) in attempts.iter().enumerate() {
            let last = i + 1 == attempts.len();
            calls.push(LoggedCall {
                provider: operation.provider.name.clone(),
                resource: format!("{}.{}", operation.service.name, operation.resource.name),
                method: operation.method().name.clone(),
                scope: request.scope.clone(),
                request: summary.clone(),
                attempt: i as i64 + 1,
                sent: sent.clone(),
                rows: rows.filter(|_| last).map(|n| n as i64),
            });
        }
    }

    /// Records how many pages a complete list had.
    pub(crate) fn record_page_count(&self, table: String, pages: usize) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).insert(table, pages);
    }

    /// Clears the page counts.
    pub(crate) fn forget_pages(&self) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The number of pages of the last complete list of a table.
    pub(crate) fn pages_of(&self, table: &str) -> Option<usize> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(table).copied()
    }

    /// Records the default of a scope that a statement does not bind.
    pub(crate) fn record_default(&self, operation: &Operation, value: &str) {
        let Some(scope) = &operation.service.endpoints.scope else { return };
        let mut defaults = self.defaults.lock().unwrap_or_else(PoisonError::into_inner);
        let default = [operation.provider.name.as_str(), scope, value].map(str::to_owned);
        if defaults.known.insert(default.clone()) {
            defaults.new.push(default);
        }
    }

    /// Drains the defaults that were recorded since the last call, each once per session.
    pub(crate) fn new_defaults(&self) -> Vec<[String; 3]> {
        std::mem::take(&mut self.defaults.lock().unwrap_or_else(PoisonError::into_inner).new)
    }

    /// The number of calls so far.
    pub(crate) fn len(&self) -> usize {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The calls from index `first` on.
    pub(crate) fn since(&self, first: usize) -> Vec<LoggedCall> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).iter().skip(first).cloned().collect()
    }

    /// Records a failure of a statement or of one of its calls.
    pub(crate) fn fail(&self, failure: Failure) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
    }

    pub(crate) fn calls(&self) -> RecordBatch {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |f: &dyn Fn(&LoggedCall) -> Option<String>| -> ArrayRef {
            Arc::new(calls.iter().map(f).collect::<StringArray>())
        };
        let number = |f: &dyn Fn(&LoggedCall) -> Option<i64>| -> ArrayRef {
            Arc::new(calls.iter().map(f).collect::<Int64Array>())
        };
        let times = calls
            .iter()
            .map(|c| c.sent.started.duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_micros()).ok()));
        let columns: Vec<ArrayRef> = vec![
            Arc::new((1..=calls.len() as i64).collect::<Int64Array>()),
            Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("+00:00")),
            text(&|c| Some(c.provider.clone())),
            text(&|c| Some(c.resource.clone())),
            text(&|c| Some(c.method.clone())),
            text(&|c| c.scope.clone()),
            text(&|c| Some(c.request.clone())),
            text(&|c| Some(c.sent.url.clone())),
            number(&|c| c.sent.status.map(i64::from)),
            number(&|c| Some(c.attempt)),
            number(&|c| c.rows),
            number(&|c| i64::try_from(c.sent.bytes).ok()),
            number(&|c| i64::try_from(c.sent.duration.as_millis()).ok()),
            text(&|c| c.sent.request_id.clone()),
            text(&|c| c.sent.error.clone()),
            number(&|c| i64::try_from(c.sent.waited.as_millis()).ok()),
            Arc::new(calls.iter().map(|c| Some(c.sent.cached)).collect::<BooleanArray>()),
        ];
        RecordBatch::try_new(calls_schema(), columns).unwrap_or_else(|_| RecordBatch::new_empty(calls_schema()))
    }

    pub(crate) fn errors(&self) -> RecordBatch {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |f: &dyn Fn(&Failure) -> Option<String>| -> ArrayRef {
            Arc::new(errors.iter().map(f).collect::<StringArray>())
        };
        let called = |f: &Failure, of: &dyn Fn(&FailedCall) -> Option<String>| f.call.as_deref().and_then(of);
        let table = |place: &FailedCall| place.table.split_once('.').map(|(p, r)| (p.to_owned(), r.to_owned()));
        let status = |f: &Failure| f.call.as_deref().and_then(|place| place.status).map(i64::from);
        let columns: Vec<ArrayRef> = vec![
            Arc::new((1..=errors.len() as i64).collect::<Int64Array>()),
            text(&|f| Some(f.kind.label().to_owned())),
            text(&|f| called(f, &|place| Some(table(place)?.0))),
            text(&|f| called(f, &|place| Some(table(place)?.1))),
            text(&|f| called(f, &|place| place.scope.clone())),
            Arc::new(errors.iter().map(status).collect::<Int64Array>()),
            text(&|f| called(f, &|place| place.code.clone())),
            text(&|f| called(f, &|place| place.request_id.clone())),
            text(&|f| Some(f.message.clone())),
            text(&|f| Some(f.hints.join("; ")).filter(|h| !h.is_empty())),
        ];
        RecordBatch::try_new(errors_schema(), columns).unwrap_or_else(|_| RecordBatch::new_empty(errors_schema()))
    }
}

pub(crate) fn calls_schema() -> SchemaRef {
    let text = |n: &str| Field::new(n, DataType::Utf8, true);
    let number = |n: &str| Field::new(n, DataType::Int64, true);
    Arc::new(Schema::new(vec![
        number("seq"),
        Field::new("time", DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())), true),
        text("provider"),
        text("resource"),
        text("method"),
        text("scope"),
        text("request"),
        text("url"),
        number("status"),
        number("attempt"),
        number("rows"),
        number("bytes"),
        number("duration_ms"),
        text("request_id"),
        text("error"),
        number("waited_ms"),
        Field::new("cached", DataType::Boolean, true),
    ]))
}

pub(crate) fn errors_schema() -> SchemaRef {
    let text = |n: &str| Field::new(n, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        Field::new("seq", DataType::Int64, true),
        text("kind"),
        text("provider"),
        text("resource"),
        text("scope"),
        Field::new("status", DataType::Int64, true),
        text("code"),
        text("request_id"),
        text("message"),
        text("hint"),
    ]))
}
