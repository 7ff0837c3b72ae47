//! A transport decorator that logs calls to standard error when they end: failed ones, which scripts look for, or all.
//! It logs the request as the statement defines it, because credentials are added by a lower layer; other secrets are
//! redacted as in recordings.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value as Json;
use stackql_call::{Attempt, Payload, Redactor, Request, Response, Transport, TransportError};
use stackql_provider::{BodyFormat, Provider, Scope};
use url::form_urlencoded::Serializer;

use crate::exit::print_stderr;

/// The lowest status code that is logged as an error.
const REFUSED: u16 = 300;

/// Forwards requests and logs the calls.
#[derive(Debug)]
pub(crate) struct LoggingTransport {
    inner: Arc<dyn Transport>,
    level: HttpLogLevel,
}

/// Which calls are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HttpLogLevel {
    /// None: on a terminal, the error message of the statement is enough.
    Off,
    /// Those with an error status.
    Errors,
    /// All, with their requests.
    All,
}

impl LoggingTransport {
    /// Logs the calls of `inner` at this level.
    pub(crate) fn new(inner: Arc<dyn Transport>, told: HttpLogLevel) -> Self {
        Self { inner, level: told }
    }

    fn tells(&self, response: &Response) -> bool {
        match self.level {
            HttpLogLevel::Off => false,
            HttpLogLevel::Errors => response.status >= REFUSED,
            HttpLogLevel::All => true,
        }
    }
}

#[async_trait]
impl Transport for LoggingTransport {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let answer = self.inner.send(request).await;
        // Other protocols have no URL and status.
        if request.payload != Payload::Http {
            return answer;
        }
        if self.level == HttpLogLevel::All {
            let attempts = answer.as_ref().map_or_else(|error| &error.attempts, |response| &response.attempts);
            format_request(request, attempts.last()).iter().for_each(|line| print_stderr(line));
        }
        match &answer {
            Ok(response) if self.tells(response) => {
                print_stderr(&format_response(request.operation.redactor(), response))
            }
            _ => {}
        }
        if let (HttpLogLevel::All, Ok(response)) = (self.level, &answer) {
            processed(request, response).iter().for_each(|text| print_stderr(text));
        }
        answer
    }

    async fn has_cached(&self, request: &Request) -> bool {
        self.inner.has_cached(request).await
    }

    async fn purge(&self) -> Result<(), TransportError> {
        self.inner.purge().await
    }

    async fn default_scope(&self, provider: &Provider, scope: &Scope) -> Result<String, TransportError> {
        self.inner.default_scope(provider, scope).await
    }
}

fn format_request(request: &Request, attempt: Option<&Attempt>) -> Vec<String> {
    let url = attempt.map_or(request.path.as_str(), |attempt| &attempt.url);
    let masks = request.operation.redactor();
    let query = match &request.next_url {
        Some(next) => masks.redact_text(next.split_once('?').map_or("", |(_, query)| query)).into_owned(),
        None => {
            let masked = request.query.iter().map(|(name, value)| (name, masks.value(name, value)));
            Serializer::new(String::new()).extend_pairs(masked).finish()
        }
    };
    // A query string in the operation's path comes first. It is omitted if the request follows the URL of a next page.
    let own = request.path.split_once('?').map_or("", |(_, query)| query);
    let own = if request.next_url.is_none() { masks.redact_text(own) } else { "".into() };
    let query: Vec<&str> = [own.as_ref(), &query].into_iter().filter(|part| !part.is_empty()).collect();
    let between = if query.is_empty() { "" } else { "?" };
    let query = query.join("&");
    let url = masks.redact_url(url);
    let line = format!("http request url: '{url}{between}{query}', method: '{}'", request.http_method);
    let body = String::from_utf8_lossy(&request.body);
    let body = (!body.is_empty()).then(|| format!("http request body = '{}'", masks.redact_text(&body)));
    std::iter::once(line).chain(body).collect()
}

fn format_response(masks: &Redactor, response: &Response) -> String {
    let body = String::from_utf8_lossy(&response.body);
    match masks.redact_text(&body).trim_end() {
        "" => format!("http response status code: {}, response body is nil", response.status),
        body => format!("http response status code: {}, response body: {body}", response.status),
    }
}

/// The log line with the rows of a response, if it is JSON that no template transforms.
fn processed(request: &Request, response: &Response) -> Option<String> {
    let shape = &request.operation.method().response;
    let is_plain = shape.format == BodyFormat::Json && shape.transform.is_none() && response.status < REFUSED;
    let body = String::from_utf8_lossy(&response.body);
    let text = request.operation.redactor().redact_text(&body).into_owned();
    let mut rows: Json = serde_json::from_str(&text).ok().filter(|_| is_plain)?;
    for step in &shape.rows {
        rows = below(rows, step)?;
    }
    if rows.is_null() {
        return None;
    }
    rows.sort_all_objects();
    shorten(&mut rows);
    Some(format!("processed http response body object: {}", serde_json::to_string_pretty(&rows).ok()?))
}

/// The value at one step of a path. For lists and wildcards, it is the list of the values below.
fn below(value: Json, step: &str) -> Option<Json> {
    match value {
        Json::Object(mut members) if step != "*" => members.remove(step),
        Json::Object(members) => Some(members.into_iter().map(|(_, value)| value).collect()),
        Json::Array(items) if step == "*" => Some(Json::Array(items)),
        Json::Array(mut items) => match step.parse::<usize>() {
            Ok(at) => (at < items.len()).then(|| items.swap_remove(at)),
            Err(_) => Some(items.into_iter().filter_map(|item| below(item, step)).collect()),
        },
        _ => None,
    }
}

/// Converts floating-point numbers with integral values to integers.
fn shorten(value: &mut Json) {
    /// Up to 2^53, every integer has an exact floating-point representation.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Json::Number(number) => {
            if let Some(float) = number.as_f64().filter(|n| number.is_f64() && n.fract() == 0.0 && n.abs() <= EXACT) {
                *number = (float as i64).into();
            }
        }
        Json::Array(items) => items.iter_mut().for_each(shorten),
        Json::Object(members) => members.values_mut().for_each(shorten),
        _ => {}
    }
}
