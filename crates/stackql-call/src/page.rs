//! A response becomes a page: rows, and where to go on. Owns the reading of good answers.

use arrow::record_batch::RecordBatch;
use stackql_provider::{BodyFormat, BodyStyle, NextPage, ResponseLocation, ResponseShape, Type, Verb};
use thiserror::Error;

use crate::response::fault::fault;
use crate::response::fault::{http_status, status_suffix, without_rows};
use crate::response::path_texts::find_texts;
use crate::response::sniff::{ParseError, SniffedFormat, sniff};
use crate::response::xml::Document;
use crate::{Call, Fault, Response, RowProjection, Transform, TransformError};

pub(crate) mod cursor;
mod json;
mod link;
mod page_builder;
pub(crate) mod projection;
pub(crate) mod response_fields;
mod row_discovery;
pub(crate) mod row_path;
mod xml;

use cursor::Cursor;

use page_builder::{COUNT, ONWARD, PageBuilder, REQUEST_ID, ResponseLayout, TypeMismatch};

use response_fields::{ResponseFields, is_without_data, unknown_members};

/// One page of an answer.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its rows, with the schema of the [`RowProjection`].
    pub rows: RecordBatch,
    /// Where the next page starts; `None` after the last.
    pub next: Option<Cursor>,
    /// It has as many rows as a page has where a statement does not say how many, and there is no way to the next: rows
    /// may be missing.
    pub truncated: bool,
    /// How many rows there are on all pages, if that was asked for and the answer says it.
    pub count: Option<u64>,
    /// The request id, if the answer carries it.
    pub request_id: Option<String>,
}

/// Why an answer is no page.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The provider refused.
    #[error(transparent)]
    Fault(#[from] Box<Fault>),
    /// The body is not what the definition says: cut off, of another format, not text.
    #[error("{table}{}: error processing response: {reason}{}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default(), status_suffix(*.status, Some(format!("{bytes} bytes"))))]
    Malformed {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// The HTTP status; 0 where the answer did not come by HTTP.
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
    /// The work that a request started goes on, and cannot be followed.
    #[error(
        "{table}: '{name}' was despatched and goes on, and where its state is asked for is not known; look for it by that name, or leave AWAIT out"
    )]
    LroNotTrackable {
        /// The table.
        table: String,
        /// What the provider calls the work.
        name: String,
    },
    /// The template that makes what is read out of an answer does not fit it, or is wrong itself.
    #[error("{table}{}: the answer{} is not what its template takes: {source}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default(), status_suffix(*.status, None))]
    Template {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// The HTTP status; 0 where the answer did not come by HTTP.
        status: u16,
        /// Why.
        source: Box<TransformError>,
    },
}

/// The status of an answer that has no body.
const NO_CONTENT: u16 = 204;

/// The HTTP method whose answers have headers alone.
const HEAD: &str = "HEAD";

/// How an answer is read.
struct Reading<'a> {
    shape: &'a ResponseShape,
    template: Option<Result<&'a Transform, TransformError>>,
    /// It has no rows, whatever it says.
    is_unread: bool,
}

/// Decodes an answer to `call` into rows as `plan` wants them; `asked` is the cursor that was asked with.
pub fn decode_page(
    call: &Call,
    plan: &RowProjection,
    asked: Option<&Cursor>,
    response: &Response,
) -> Result<Page, ResponseError> {
    let method = call.operation().method();
    let shape = &method.response;
    // What has no rows may answer with a word that is no JSON, after all is done.
    let is_unread = shape.row.is_none() && method.verb != Verb::Select && shape.format == BodyFormat::Json;
    read(call, plan, asked, response, Reading { shape, template: call.operation.answer_template(), is_unread })
}

/// Decodes what the work that `call` started made: an answer out of [`crate::LroResult`], into rows as `plan` wants them.
/// Their columns are [`stackql_provider::Resource::result_columns`].
pub fn decode_lro_result(call: &Call, plan: &RowProjection, response: &Response) -> Result<Page, ResponseError> {
    match call.operation().method().lro.as_ref().and_then(|completion| completion.result.as_ref()) {
        None => decode_page(call, plan, None, response),
        Some(shape) => read(call, plan, None, response, Reading { shape, template: None, is_unread: false }),
    }
}

fn read(
    call: &Call,
    plan: &RowProjection,
    asked: Option<&Cursor>,
    response: &Response,
    reading: Reading<'_>,
) -> Result<Page, ResponseError> {
    if let Some(fault) = fault(call.operation(), call.scope(), response) {
        return Err(ResponseError::Fault(Box::new(fault)));
    }
    let status = http_status(call.operation(), response);
    let unreadable = |reason: String| ResponseError::Malformed {
        table: call.operation().qualified_name(),
        scope: call.scope().map(str::to_owned),
        status,
        bytes: response.body.len(),
        reason,
    };
    let method = call.operation().method();
    let Reading { shape, template, is_unread } = reading;
    let carrier = method.paging.as_ref().and_then(|paging| carrier(&paging.next));
    let mut answer = PageBuilder::new(plan);
    let is_anywhere = shape.rows == [ResponseShape::ANYWHERE];
    let is_query = matches!(method.request.body, BodyStyle::GraphQl { .. });
    let is_kept = matches!(&template, Some(Ok(template)) if template.takes_text());
    // No list and no object, not even one without elements or members.
    let is_nothing = response.body.trim_ascii() == b"null" && !is_kept;
    if response.body.trim_ascii().is_empty() {
        // An operation without output answers with nothing, and so does one whose output is in headers. Where the name of
        // the document is known, there is one.
        let is_in_headers = method.request.http_method == HEAD;
        let has_name = !shape.outermost.is_empty() && shape.row.is_some();
        let must_not_be = has_name || (method.verb == Verb::Select && !is_in_headers);
        if response.status != NO_CONTENT && must_not_be {
            return Err(unreadable("it is empty".to_owned()));
        }
    } else if is_unread {
        unread(call, response).map_err(|unread| match unread {
            Unread::Fault(fault) => ResponseError::Fault(fault),
            Unread::Broken(ParseError { at, reason }) => unreadable(format!("{reason} at byte {at}")),
        })?;
    } else if is_nothing && method.verb == Verb::Select && shape.format == BodyFormat::Json {
        return Err(unreadable("it is null".to_owned()));
    } else if is_query && is_without_data(&response.body) {
        return Err(unreadable("it has neither data nor errors".to_owned()));
    } else {
        let onward = match carrier {
            Some(ResponseLocation::Body(path)) => path.as_slice(),
            _ => &[],
        };
        let counted = method.clause_pushdown.as_ref().and_then(|pushdown| pushdown.count.as_ref());
        let counted = counted.map(|count| count.response_path.as_slice()).unwrap_or_default();
        let places = ResponseLayout {
            outermost: &shape.outermost,
            rows: &shape.rows,
            siblings: &shape.siblings,
            members: match shape.row.map(|row| call.operation().resource.types.get(row)) {
                Some(Type::Structure { members }) if is_anywhere => members.iter().map(|m| m.wire.as_str()).collect(),
                _ => Vec::new(),
            },
            markers: [onward, &shape.error.success_request_id, counted],
        };
        if let Some(Ok(template)) = &template
            && template.takes_xml()
            && let Ok(document) = Document::open(&response.body)
        {
            // What a template makes of a document of another kind is an answer without rows.
            xml::described(&document, &shape.outermost)
                .map_err(|ParseError { at, reason }| unreadable(format!("{reason} at byte {at}")))?;
        }
        let made = template.map(|template| template?.render(&response.body)).transpose();
        let made = made.map_err(|source| ResponseError::Template {
            table: call.operation().qualified_name(),
            scope: call.scope().map(str::to_owned),
            status,
            source: Box::new(source),
        })?;
        let body = made.as_ref().map_or(&*response.body, |text| text.as_bytes());
        let read = match shape.format {
            BodyFormat::Xml => answer.xml(body, &places),
            BodyFormat::Json => answer.json(body, &places),
        };
        let (is_select, no_rows) = (method.verb == Verb::Select, read.is_err() || answer.builders.rows == 0);
        let strangers = match shape.row.map(|row| call.operation().resource.types.get(row)) {
            // What stands for the fields that the definition does not know shows them.
            Some(Type::Structure { members }) if shape.rows.is_empty() && !plan.extra => unknown_members(body, members),
            _ => None,
        };
        if (is_select || shape.row.is_some())
            && (no_rows || strangers.is_some())
            && let Some(fault) = without_rows(call.operation(), call.scope(), response)
        {
            return Err(ResponseError::Fault(Box::new(fault)));
        }
        if let Some(names) = strangers.filter(|_| is_select) {
            return Err(unreadable(format!("it has no member of a row, but {names}")));
        }
        read.map_err(|ParseError { at, reason }| match &made {
            Some(_) => unreadable(format!("what its template made of it: {reason} at byte {at}")),
            None => unreadable(format!("{reason} at byte {at}")),
        })?;
        if made.is_some() {
            // What the template did not take over is where it was.
            for (mark, before) in answer.markers.iter_mut().zip(find_texts(&response.body, &places.markers)) {
                *mark = mark.take().or(before);
            }
        }
    }
    if let Some(TypeMismatch { row, column, expected, value }) = answer.unfit {
        return Err(ResponseError::Value {
            table: call.operation().qualified_name(),
            scope: call.scope().map(str::to_owned),
            row,
            column: plan.schema().field(column).name().clone(),
            expected: expected.to_owned(),
            value: value.chars().take(80).collect(),
        });
    }
    let rows = answer.builders.finish().map_err(|e| unreadable(e.to_string()))?;
    let onward = match (carrier, method.paging.as_ref().map(|paging| &paging.next)) {
        (Some(ResponseLocation::Header(name)), _) => in_header(response, name),
        (_, Some(NextPage::Cursor { answer, more, .. })) => {
            let behind = ResponseFields::read(response);
            let says_more = more.as_ref().map(|more| behind.says(more));
            let cursor = behind.text(answer).filter(|cursor| !cursor.is_empty() && says_more != Some(false));
            if says_more == Some(true) && cursor.is_none() {
                return Err(unreadable("it says that there is more, but not where".to_owned()));
            }
            cursor
        }
        _ => answer.markers[ONWARD].take(),
    };
    let next = cursor::next(call, asked, rows.num_rows(), onward);
    let cut = cursor::may_be_truncated(call, rows.num_rows());
    let header = shape.error.request_id_header.as_deref().and_then(|h| response.header(h));
    let request_id = answer.markers[REQUEST_ID].take().or_else(|| header.map(str::to_owned));
    let count = answer.markers[COUNT].take().and_then(|text| text.parse().ok());
    Ok(Page { rows, next, truncated: cut, count, request_id })
}

/// Why an answer of which nothing is read is none.
enum Unread {
    Fault(Box<Fault>),
    Broken(ParseError),
}

/// Checks the answer to a method that says nothing of it: it may be anything but an error, a page of someone in between
/// and a document of another operation.
fn unread(call: &Call, response: &Response) -> Result<(), Unread> {
    let shape = &call.operation().method().response;
    if let Some(fault) = without_rows(call.operation(), call.scope(), response) {
        return Err(Unread::Fault(Box::new(fault)));
    }
    match sniff(&response.body) {
        SniffedFormat::Xml if shape.media_type.contains("html") => Ok(()),
        SniffedFormat::Xml => Document::open(&response.body)
            .and_then(|document| xml::described(&document, &shape.outermost))
            .map_err(Unread::Broken),
        SniffedFormat::Json | SniffedFormat::Other => Ok(()),
    }
}

/// An answer of so many bytes takes longer to decode than to look through for where it goes on.
const LONG: usize = 32 << 10;

/// Whether decoding an answer takes so long that other work should not wait for it.
pub fn is_long(response: &Response) -> bool {
    response.body.len() >= LONG
}

/// Where the page after that of `response` starts, where that can be told before it is decoded. What decoding finds goes
/// before it.
pub fn peek_next_cursor(call: &Call, asked: Option<&Cursor>, response: &Response) -> Option<Cursor> {
    let method = call.operation().method();
    let next = &method.paging.as_ref()?.next;
    if response.status >= 300 || !matches!(next, NextPage::Token { .. } | NextPage::Address { .. }) {
        return None;
    }
    let text = match carrier(next)? {
        ResponseLocation::Header(name) => in_header(response, name),
        ResponseLocation::Body(path) => {
            let is_plain = path.iter().all(|step| step != ResponseShape::ANYWHERE);
            let is_seen = is_plain && is_long(response) && call.operation.answer_template().is_none();
            is_seen.then(|| find_texts(&response.body, &[path]).pop().flatten())?
        }
    };
    cursor::next(call, asked, 0, text)
}

/// The value that an answer has at a place, as text; `None` where it has none there.
pub fn extract_value(response: &Response, carrier: &ResponseLocation) -> Option<String> {
    let in_json = ResponseFields::read(response).text(carrier);
    match carrier {
        ResponseLocation::Body(path) => in_json.or_else(|| find_texts(&response.body, &[path]).pop().flatten()),
        ResponseLocation::Header(_) => in_json,
    }
}

/// Where an answer says how to go on.
fn carrier(next: &NextPage) -> Option<&ResponseLocation> {
    match next {
        NextPage::Token { answer, .. } | NextPage::Address { answer, .. } => Some(answer),
        NextPage::Number { last, .. } => last.as_ref(),
        NextPage::Offset { .. } | NextPage::Cursor { .. } => None,
    }
}

fn in_header(response: &Response, name: &str) -> Option<String> {
    if name.eq_ignore_ascii_case(link::LINK) {
        let values = response.headers.iter().filter(|(name, _)| name == link::LINK).map(|(_, value)| value.as_str());
        return link::next(values).map(str::to_owned);
    }
    response.header(name).map(str::to_owned)
}

#[cfg(test)]
mod tests;
