//! HTTP Archive (HAR) output: a transport decorator that collects attempts and writes them in the format that browsers and
//! other tools show. Owns the mapping of an attempt to a HAR entry.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use stackql_call::{Attempt, Payload, Redactor, Request, Response, Transport, TransportError};
use stackql_provider::{Provider, Scope};

use crate::record::recording::{RecordingError, write};

/// The HTTP version of an entry, which the decorated transport does not report.
const VERSION: &str = "unknown";

/// A transport decorator that collects all attempts of its requests, with their responses, for [`HarTransport::write`].
///
/// An attempt that was retried has its status and no body. There are no credentials in it: those that the client adds when it
/// sends a request are never visible here, and others are redacted. All bodies stay in memory.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use stackql_client::{Client, HarTransport, Settings};
/// let har = Arc::new(HarTransport::new(Arc::new(Client::new(Settings::default())?)));
/// // Statements run over `har`; then:
/// har.write("calls.har")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HarTransport {
    inner: Arc<dyn Transport>,
    /// The HAR entries, each with its start time.
    entries: Mutex<Vec<(SystemTime, Value)>>,
}

impl HarTransport {
    /// Collects the requests that are sent to `inner`.
    pub fn new(inner: Arc<dyn Transport>) -> Self {
        Self { inner, entries: Mutex::default() }
    }

    /// Writes the attempts collected so far as an HTTP Archive 1.2, ordered by start time.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), RecordingError> {
        let path = path.as_ref();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone();
        entries.sort_by_key(|(begun, _)| *begun);
        let entries: Vec<Value> = entries.into_iter().map(|(_, entry)| entry).collect();
        let creator = json!({"name": "stackql", "version": env!("CARGO_PKG_VERSION")});
        let archive = json!({"log": {"version": "1.2", "creator": creator, "entries": entries}});
        write(path, format!("{archive:#}\n").as_bytes())
    }

    fn collect(&self, request: &Request, result: &Result<Response, TransportError>) {
        let (attempts, answer) = match result {
            Ok(response) => (&response.attempts, Some(response)),
            Err(error) => (&error.attempts, None),
        };
        let masks = request.operation.redactor();
        let last = attempts.len().saturating_sub(1);
        let entry = |(at, attempt)| entry(masks, request, attempt, answer.filter(|_| at == last));
        let new: Vec<_> = attempts.iter().enumerate().map(entry).collect();
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).extend(new);
    }
}

#[async_trait]
impl Transport for HarTransport {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let result = self.inner.send(request).await;
        self.collect(request, &result);
        result
    }

    async fn default_scope(&self, provider: &Provider, scope: &Scope) -> Result<String, TransportError> {
        self.inner.default_scope(provider, scope).await
    }
}

fn entry(masks: &Redactor, request: &Request, attempt: &Attempt, answer: Option<&Response>) -> (SystemTime, Value) {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let (blocked, wait) = (milliseconds(attempt.waited), milliseconds(attempt.duration));
    // In HAR, an entry starts with the wait before it is sent, and its time includes that wait.
    let begun = attempt.started.checked_sub(attempt.waited).unwrap_or(attempt.started);
    let mut entry = json!({
        "startedDateTime": DateTime::<Utc>::from(begun).to_rfc3339_opts(SecondsFormat::Millis, true),
        "time": blocked + wait,
        "request": har_request(masks, request, attempt),
        "response": har_response(masks, attempt, answer),
        "cache": {},
        // An unknown time is -1. `send` and `receive` are required, and are 0 because `wait` includes them.
        "timings": {"blocked": blocked, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": wait, "receive": 0},
    });
    if let Some(error) = &attempt.error {
        entry["comment"] = error.as_str().into();
    }
    (begun, entry)
}

fn har_request(masks: &Redactor, request: &Request, attempt: &Attempt) -> Value {
    let query: Vec<(String, String)> = match &request.next_url {
        Some(next) => {
            let query = next.split_once('?').map_or("", |(_, query)| query);
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
        }
        None => request.query.clone(),
    };
    let query: Vec<_> = query.iter().map(|(name, value)| (name.as_str(), masks.value(name, value))).collect();
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&query).finish();
    let separator = if encoded.is_empty() { "" } else { "?" };
    let (method, body) = match &request.payload {
        Payload::Http => (request.http_method.as_str(), String::from_utf8_lossy(&request.body)),
        Payload::Command { .. } => ("COMMAND", request.summary().into()),
        Payload::Query { .. } => ("QUERY", request.summary().into()),
    };
    let mut asked = json!({
        "method": method,
        "url": format!("{}{separator}{encoded}", masks.redact_url(&attempt.url)),
        "httpVersion": VERSION,
        "cookies": [],
        "headers": pairs(request.headers.iter().map(|(name, value)| (name.as_str(), masks.header(name, value)))),
        "queryString": pairs(query.iter().copied()),
        "headersSize": -1,
        "bodySize": body.len(),
    });
    if !body.is_empty() {
        let media_type = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let media_type = media_type.map_or("", |(_, value)| value);
        asked["postData"] = json!({"mimeType": media_type, "params": [], "text": masks.redact_text(&body)});
    }
    asked
}

fn har_response(masks: &Redactor, attempt: &Attempt, answer: Option<&Response>) -> Value {
    let status = attempt.status.unwrap_or_default();
    let text = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or_default();
    let header = |name: &str| answer.and_then(|a| a.header(name)).unwrap_or_default();
    let headers = answer.map(|a| a.headers.as_slice()).unwrap_or_default();
    let mut content = json!({"size": attempt.bytes, "mimeType": header("content-type")});
    match answer.map(|a| std::str::from_utf8(&a.body).map_err(|_| &a.body)) {
        None => {}
        Some(Ok(text)) => content["text"] = masks.redact_text(text).into(),
        Some(Err(bytes)) => {
            content["text"] = STANDARD.encode(bytes).into();
            content["encoding"] = "base64".into();
        }
    }
    json!({
        "status": status,
        "statusText": text,
        "httpVersion": VERSION,
        "cookies": [],
        "headers": pairs(headers.iter().map(|(name, value)| (name.as_str(), masks.header(name, value)))),
        "content": content,
        "redirectURL": header("location"),
        "headersSize": -1,
        // Unknown: the attempt's bytes are counted after decompression.
        "bodySize": -1,
    })
}

fn pairs<'a>(of: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    of.map(|(name, value)| json!({"name": name, "value": value})).collect()
}

#[cfg(test)]
mod tests;
