//! A response becomes a page: rows, and where to go on. Owns the reading of good answers.

use arrow::record_batch::RecordBatch;
use stackql_provider::{Carrier, NextPage, Paging, Verb};
use thiserror::Error;

use crate::rows::Builders;
use crate::xml::Broken;
use crate::{Call, Fault, Response, RowPlan, fault};

mod decoder;

use decoder::{Decoder, Paths};

/// Where the next page starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(pub(crate) String);

impl Cursor {
    /// The token, for messages.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of an answer.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its rows, with the schema of the [`RowPlan`].
    pub rows: RecordBatch,
    /// Where the next page starts; `None` after the last.
    pub next: Option<Cursor>,
    /// The request id, if the answer carries it.
    pub request_id: Option<String>,
}

/// Why an answer is no page.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The provider refused.
    #[error(transparent)]
    Fault(#[from] Box<Fault>),
    /// The body is not what the definition says: cut off, of another format, not text.
    #[error("{table}{}: the answer (HTTP {status}, {bytes} bytes) cannot be read: {reason}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default())]
    Unreadable {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// The HTTP status.
        status: u16,
        /// The body's length.
        bytes: usize,
        /// What is wrong, with the position in the body.
        reason: String,
    },
    /// A value does not fit its column.
    #[error("{table}{}: row {row} of the page has '{value}' in {column}, which takes {expected}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default())]
    Value {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// The row, from 1.
        row: usize,
        /// The column.
        column: String,
        /// The type it takes.
        expected: String,
        /// What stood there, cut to a sensible length.
        value: String,
    },
}

/// Decodes an answer to `call` into rows as `plan` wants them.
pub fn page(call: &Call, plan: &RowPlan, response: &Response) -> Result<Page, AnswerError> {
    if let Some(fault) = fault(call.operation(), call.scope(), response) {
        return Err(AnswerError::Fault(Box::new(fault)));
    }
    let unreadable = |reason: String| AnswerError::Unreadable {
        table: call.operation().table(),
        scope: call.scope().map(str::to_owned),
        status: response.status,
        bytes: response.body.len(),
        reason,
    };
    let broken = |broken: Broken| unreadable(format!("{} at byte {}", broken.reason, broken.at));
    let method = call.operation().method();
    let mut decoder = Decoder { plan, builders: Builders::new(plan), unfit: None, next: None, request_id: None };
    if response.body.is_empty() {
        // An operation without output answers with nothing.
        if method.verb == Verb::Select {
            return Err(unreadable("it is empty".to_owned()));
        }
    } else {
        let token = match &method.paging {
            Some(Paging { next: NextPage::Token { answer: Carrier::Body(path), .. }, .. }) => path.as_slice(),
            _ => &[],
        };
        let shape = &method.response;
        let (outermost, rows, request_id) = (&*shape.outermost, &*shape.rows, &*shape.error.success_request_id);
        let paths = Paths { outermost, rows, token, request_id };
        decoder.document(&response.body, &paths).map_err(broken)?;
    }
    if let Some((row, column, expected, value)) = decoder.unfit {
        return Err(AnswerError::Value {
            table: call.operation().table(),
            scope: call.scope().map(str::to_owned),
            row,
            column: plan.schema().field(column).name().clone(),
            expected: expected.to_owned(),
            value: value.chars().take(80).collect(),
        });
    }
    let rows = decoder.builders.finish().map_err(|e| unreadable(e.to_string()))?;
    let next = decoder.next.filter(|token| !token.is_empty()).map(Cursor);
    let header = method.response.error.request_id_header.as_deref().and_then(|h| response.header(h));
    let request_id = decoder.request_id.or_else(|| header.map(str::to_owned));
    Ok(Page { rows, next, request_id })
}

#[cfg(test)]
mod tests;
