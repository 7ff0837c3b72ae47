//! A call becomes an HTTP request. Owns how arguments are written; not where the endpoint is, nor signing.

use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;
use stackql_provider::{BodyStyle, Location, PageSize, Paging};

use crate::{Call, Cursor, Operation};

mod form;

/// RFC 3986 unreserved characters stay; everything else is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One HTTP request before endpoint, signature and connection.
#[derive(Debug, Clone)]
pub struct Request {
    /// What it asks; names provider, service, endpoints, authorisation and error rules.
    pub operation: Arc<Operation>,
    /// The scope's value, such as a region.
    pub scope: Option<String>,
    /// The HTTP method, upper case.
    pub http_method: String,
    /// The path below the endpoint, with a leading slash, encoded.
    pub path: String,
    /// The query string's pairs, not encoded.
    pub query: Vec<(String, String)>,
    /// Headers beside those of the connection and of authorisation.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Whether it may be sent again when no answer came: it only reads, or carries an idempotency token.
    pub repeatable: bool,
    /// The body's fields, not encoded, where it is a form.
    fields: Vec<(String, String)>,
}

/// Writes the request for one page of `call`: the first without a cursor. `page_size` is how many rows are
/// wanted, if fewer than all; the method's limits are applied to it.
pub fn request(call: &Call, cursor: Option<&Cursor>, page_size: Option<u32>) -> Request {
    let method = call.operation.method();
    let resource = &call.operation.resource;
    let mut fields = method.request.fixed.clone();
    let mut query = Vec::new();
    let mut headers = Vec::new();
    let mut path = match method.request.path.as_str() {
        "" => "/".to_owned(),
        path => path.to_owned(),
    };
    for (at, value) in paged(call, cursor, page_size) {
        let parameter = &method.parameters[at];
        match parameter.location {
            Location::Body => {
                if let BodyStyle::Form(style) = method.request.body {
                    form::append(&mut fields, &resource.types, style, parameter, &value);
                }
            }
            Location::Query => query.push((parameter.wire.clone(), form::scalar(&value))),
            Location::Header => headers.push((parameter.wire.clone(), form::scalar(&value))),
            Location::Path => {
                let text = form::scalar(&value);
                let text = utf8_percent_encode(&text, ENCODED).to_string();
                path = path.replace(&format!("{{{}}}", parameter.wire), &text);
            }
            Location::Server => {}
        }
    }
    let body = encode(&fields);
    if !fields.is_empty() {
        headers.push(("content-type".to_owned(), format!("{}; charset=utf-8", method.request.media_type)));
    }
    Request {
        operation: Arc::clone(&call.operation),
        scope: call.scope.clone(),
        http_method: method.request.http_method.clone(),
        path,
        query,
        headers,
        body: Bytes::from(body),
        repeatable: method.is_repeatable(),
        fields,
    }
}

/// The arguments, with the parameters of paging among them, in the order of the method's parameters.
fn paged(call: &Call, cursor: Option<&Cursor>, page_size: Option<u32>) -> Vec<(usize, Json)> {
    let method = call.operation.method();
    let mut all = call.arguments.clone();
    let Some(Paging { next, size }) = &method.paging else { return all };
    let at = |name: &str| method.parameters.iter().position(|p| p.name == name);
    let mut set = |name: &str, value: Json| {
        if let Some(at) = at(name) {
            all.retain(|(i, _)| *i != at);
            all.push((at, value));
        }
    };
    if let Some(cursor) = cursor
        && let Some(parameter) = next.parameter()
    {
        set(parameter, Json::String(cursor.0.clone()));
    }
    if let Some(size) = size
        && call.argument(&size.parameter).is_none()
        && !size.excludes.iter().any(|e| call.argument(e).is_some())
        && let Some(rows) = rows_of(size, page_size)
    {
        set(&size.parameter, rows.into());
    }
    all.sort_by_key(|(at, _)| *at);
    all
}

/// How many rows to ask for; `None` leaves it to the provider. Where the source states no maximum, ours is a
/// guess: asking for it would cut an answer that may come whole, so more than it is not asked for at all.
fn rows_of(size: &PageSize, wanted: Option<u32>) -> Option<u32> {
    match wanted {
        Some(wanted) if size.ask_maximum || wanted <= size.maximum => {
            Some(wanted.clamp(size.minimum, size.maximum.max(size.minimum)))
        }
        Some(_) => None,
        None => size.ask_maximum.then_some(size.maximum),
    }
}

fn encode(fields: &[(String, String)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        body.extend(utf8_percent_encode(name, ENCODED));
        body.push('=');
        body.extend(utf8_percent_encode(value, ENCODED));
    }
    body
}

impl Request {
    /// One line for EXPLAIN and logs: method, path and decoded fields, `POST / Action=DescribeVpcs&Filter.1.Name=vpc-id`.
    /// It carries no credential, since the request has none yet.
    pub fn summary(&self) -> String {
        let pairs: Vec<String> = self.query.iter().chain(&self.fields).map(|(n, v)| format!("{n}={v}")).collect();
        let line = format!("{} {} {}", self.http_method, self.path, pairs.join("&"));
        line.trim_end().chars().flat_map(printable).collect()
    }
}

/// A character, or its escape where it would move the cursor.
fn printable(c: char) -> Vec<char> {
    if c.is_control() { c.escape_default().collect() } else { vec![c] }
}

#[cfg(test)]
mod tests;
