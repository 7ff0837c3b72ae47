//! Decodes a successful [`Response`] into a [`Page`]: its rows and the cursor of the next page. The page reader of the engine
//! calls it for every response of a call.

use arrow::record_batch::RecordBatch;
use stackql_provider::{BodyFormat, BodyStyle, NextPage, ResponseLocation, ResponseShape, Type, Verb};
use thiserror::Error;

use crate::response::fault::{fault, http_status, status_suffix, without_rows};
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

/// One page of the result of a call.
#[derive(Debug, Clone)]
pub struct Page {
    /// The rows, with the schema of the [`RowProjection`].
    pub rows: RecordBatch,
    /// The cursor of the next page; `None` after the last page.
    pub next: Option<Cursor>,
    /// Rows may be missing: the page is as full as the provider makes pages when a statement sets no size, and the API has
    /// no way to request another page.
    pub truncated: bool,
    /// The total number of rows on all pages, if the response has it; [`crate::ClauseEncoder::count`] requests it.
    pub count: Option<u64>,
    /// The provider's id of the request, if the response carries one.
    pub request_id: Option<String>,
}

/// Why a response cannot be decoded into a page.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The provider returned an error.
    #[error(transparent)]
    Fault(#[from] Box<Fault>),
    /// The body does not match the definition: it is truncated, of another format, or not text.
    #[error("{table}{}: error processing response: {reason}{}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default(), status_suffix(*.status, Some(format!("{bytes} bytes"))))]
    Malformed {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// The HTTP status; 0 if the protocol is not HTTP.
        status: u16,
        /// The length of the body in bytes.
        bytes: usize,
        /// What is wrong, with the byte position where there is one.
        reason: String,
    },
    /// A value does not fit the type of its column.
    #[error("{table}{}: row {row} of the page has '{value}' in {column}, which takes {expected}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default())]
    Value {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// The number of the row within the page, from 1.
        row: usize,
        /// The column.
        column: String,
        /// The type of the column, in words.
        expected: String,
        /// The value, cut to 80 characters.
        value: String,
    },
    /// A long-running operation was started and its status cannot be polled.
    #[error(
        "{table}: '{name}' was despatched and goes on, and where its state is asked for is not known; look for it by that name, or leave AWAIT out"
    )]
    LroNotTrackable {
        /// The table.
        table: String,
        /// The provider's name of the operation.
        name: String,
    },
    /// The template that converts the response to JSON fails for it, or cannot be compiled.
    #[error("{table}{}: the answer{} is not what its template takes: {source}", .scope.as_ref().map(|s| format!(" in {s}")).unwrap_or_default(), status_suffix(*.status, None))]
    Template {
        /// The table.
        table: String,
        /// The scope.
        scope: Option<String>,
        /// The HTTP status; 0 if the protocol is not HTTP.
        status: u16,
        /// The error of the template.
        source: Box<TransformError>,
    },
}

/// HTTP 204 No Content: the response has no body.
const NO_CONTENT: u16 = 204;

/// The HTTP method whose responses have headers and no body.
const HEAD: &str = "HEAD";

/// How the body of a response is decoded.
struct Reading<'a> {
    shape: &'a ResponseShape,
    template: Option<Result<&'a Transform, TransformError>>,
    /// The body is checked for errors only: the method returns no rows.
    is_unread: bool,
}

/// Decodes a response to `call` into the columns of `plan`. `asked` is the cursor that the request was sent with; `None` for
/// the first page.
///
/// # Errors
///
/// - [`ResponseError::Fault`]: the provider returned an error, with whatever status.
/// - [`ResponseError::Malformed`]: the body does not match the definition.
/// - [`ResponseError::Template`]: the template of the response fails.
/// - [`ResponseError::Value`]: a value does not fit its column.
pub fn decode_page(
    call: &Call,
    plan: &RowProjection,
    asked: Option<&Cursor>,
    response: &Response,
) -> Result<Page, ResponseError> {
    let method = call.operation().method();
    let shape = &method.response;
    // A mutating method without rows may respond, after its work is done, with text that is not JSON.
    let is_unread = shape.row.is_none() && method.verb != Verb::Select && shape.format == BodyFormat::Json;
    read(call, plan, asked, response, Reading { shape, template: call.operation.answer_template(), is_unread })
}

/// Decodes the result of the long-running operation that `call` started into the columns of `plan`. `response` is that of a
/// [`crate::LroResult`]. The columns are [`stackql_provider::Resource::result_columns`].
///
/// # Errors
///
/// As [`decode_page`].
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
    // The body is a bare `null`: neither a list nor an object, not even an empty one.
    let is_nothing = response.body.trim_ascii() == b"null" && !is_kept;
    if response.body.trim_ascii().is_empty() {
        // An operation without output has an empty body, and so has one whose output is in headers. If the definition
        // names the outermost element, there must be a document.
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
            // From a document of another kind, the template would render a result without rows.
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
            // With the `_extra` column projected, unknown members appear there, and are no error.
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
            // Values that the template dropped, such as the cursor, are taken from the original body.
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

/// Why the response to a method without rows is an error.
enum Unread {
    Fault(Box<Fault>),
    Broken(ParseError),
}

/// Checks the response to a method whose definition has no rows. Anything is accepted but an error, a web page of an
/// intermediary, and an XML document of another operation.
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

/// 32 KiB: decoding a larger body takes longer than searching it for the cursor of the next page.
const LONG: usize = 32 << 10;

/// Whether the body is so large that other work should not wait until it is decoded.
pub fn is_long(response: &Response) -> bool {
    response.body.len() >= LONG
}

/// The cursor of the page after `response`, where it can be found before the response is decoded, so that the next page can
/// be prefetched. [`Page::next`] takes precedence. `asked` is as for [`decode_page`].
///
/// `None` also if the status is 300 or above, or if the cursor depends on the rows; a cursor in the body is searched only in
/// [long](is_long) bodies that no template converts.
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

/// The value at a location of a response, as text; `None` if it has none there. A path of the body is read as JSON, else as
/// XML.
pub fn extract_value(response: &Response, carrier: &ResponseLocation) -> Option<String> {
    let in_json = ResponseFields::read(response).text(carrier);
    match carrier {
        ResponseLocation::Body(path) => in_json.or_else(|| find_texts(&response.body, &[path]).pop().flatten()),
        ResponseLocation::Header(_) => in_json,
    }
}

/// The location of the cursor or, for numbered pages, of the last page's number.
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
