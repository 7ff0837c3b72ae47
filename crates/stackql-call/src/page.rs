//! A response becomes a page: rows, and where to go on. Owns the reading of good answers.

use arrow::record_batch::RecordBatch;
use stackql_provider::{AnswerFormat, Carrier, NextPage, Paging, Verb};
use thiserror::Error;

use crate::body::Broken;
use crate::{Call, Fault, Response, RowPlan, fault};

mod answer;
mod json;
mod xml;

use answer::{Answer, ONWARD, Places, REQUEST_ID, Unfit};

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

/// The status of an answer that has no body.
const NO_CONTENT: u16 = 204;

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
    let shape = &method.response;
    let mut answer = Answer::new(plan);
    if response.body.trim_ascii().is_empty() {
        // An operation without output answers with nothing, and so does one that says that it has none.
        if method.verb == Verb::Select && response.status != NO_CONTENT {
            return Err(unreadable("it is empty".to_owned()));
        }
    } else {
        let onward = match &method.paging {
            Some(Paging { next: NextPage::Token { answer: Carrier::Body(path), .. }, .. }) => path.as_slice(),
            _ => &[],
        };
        let places = Places {
            outermost: &shape.outermost,
            rows: &shape.rows,
            siblings: &shape.siblings,
            marks: [onward, &shape.error.success_request_id],
        };
        match shape.format {
            AnswerFormat::Xml => answer.xml(&response.body, &places),
            AnswerFormat::Json => answer.json(&response.body, &places),
        }
        .map_err(broken)?;
    }
    if let Some(Unfit { row, column, expected, value }) = answer.unfit {
        return Err(AnswerError::Value {
            table: call.operation().table(),
            scope: call.scope().map(str::to_owned),
            row,
            column: plan.schema().field(column).name().clone(),
            expected: expected.to_owned(),
            value: value.chars().take(80).collect(),
        });
    }
    let rows = answer.builders.finish().map_err(|e| unreadable(e.to_string()))?;
    let next = answer.marks[ONWARD].take().filter(|token| !token.is_empty()).map(Cursor);
    let header = shape.error.request_id_header.as_deref().and_then(|h| response.header(h));
    let request_id = answer.marks[REQUEST_ID].take().or_else(|| header.map(str::to_owned));
    Ok(Page { rows, next, request_id })
}

#[cfg(test)]
mod tests;
