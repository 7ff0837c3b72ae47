//! Encodes a [`Call`] as a [`Request`]: an HTTP request, a command or a database query. Owns how arguments are encoded; the
//! [`crate::Transport`] owns endpoints, authentication and connections.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value as Json;
use stackql_provider::{Location, NextPage, Paging, Protocol};

use crate::request::url::AddressValues;
use crate::{AddressError, BindError, Call, Cursor, Operation, Redactor};

mod body;
pub(crate) mod command;
mod form;
pub(crate) mod graphql;
mod json;
mod page_arguments;
mod query;
pub(crate) mod uri_encoding;
pub(crate) mod url;
mod xml;

use uri_encoding::{slashed, text};

/// The HTTP header that lists the accepted media types of the response.
const ACCEPT: &str = "accept";

/// The protocol of a request, with all that is sent where it is not HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Payload {
    /// HTTP, as described by the other fields of the request.
    #[default]
    Http,
    /// A program to run on this machine. The arguments must not pass through a shell.
    Command {
        /// The name of the program.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// A SELECT of a database, whose rows the transport returns as a JSON list of objects.
    Query {
        /// The SQL text, with `$1`, `$2`, … for the values.
        text: String,
        /// The values of `$1` and on, as text that the database converts to the type it infers for the placeholder.
        values: Vec<String>,
    },
}

/// One request, before endpoint resolution, authentication and connection.
#[derive(Debug, Clone)]
pub struct Request {
    /// The protocol. For any other than HTTP, the fields about HTTP are empty.
    pub payload: Payload,
    /// The operation that is called, with its provider, endpoints, authentication and error rules.
    pub operation: Arc<Operation>,
    /// The value of the scope, such as a region.
    pub scope: Option<String>,
    /// The HTTP method, in upper case.
    pub http_method: String,
    /// The path below the endpoint, with a leading slash, percent-encoded.
    pub path: String,
    /// The pairs of the query string, not encoded.
    pub query: Vec<(String, String)>,
    /// The headers, without those of the connection and of authentication.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The URL that replaces the endpoint of the service, where the method has one of its own.
    pub url: Option<String>,
    /// The values of the variables in the URL templates of the service, the scope included, by name.
    pub server_variables: Vec<(String, String)>,
    /// The URL of the next page, or of the status of a long-running operation, as the previous response has it: absolute, or
    /// relative to the previous request. It replaces path and query, and must stay on the same origin.
    pub next_url: Option<String>,
    /// Whether the request may be sent again if there was no response: it only reads, or carries an idempotency token.
    pub retryable: bool,
    /// The maximum age of a cached response that may be served instead of sending the request; `None` bypasses the cache.
    pub max_age: Option<Duration>,
    /// The fields of a form body, not encoded; empty for any other body.
    fields: Vec<(String, String)>,
}

/// Encodes the request for one page of `call`; without a cursor, for the first page. `page_size` is the number of rows that
/// the caller needs, if fewer than all; it is clamped to the limits of the method.
///
/// # Errors
///
/// - [`BindError::Template`]: the template of the body or of a command's arguments fails for these arguments.
/// - [`BindError::Address`]: the method's own URL cannot be built from them.
/// - [`BindError::Shape`]: a filter of a database table names a column that the table does not have.
pub fn request(call: &Call, cursor: Option<&Cursor>, page_size: Option<u32>) -> Result<Request, BindError> {
    let payload = match &call.operation.method().request.protocol {
        Protocol::Http => return http(call, cursor, page_size),
        Protocol::Command { program, chosen, arguments } => {
            let given = chosen.as_deref().and_then(|name| call.argument(name)?.as_str());
            let program = given.filter(|text| !text.trim().is_empty()).unwrap_or(program);
            let arguments = command::arguments(&call.operation, arguments, page_arguments::arguments(call, None, None));
            let template =
                |source| BindError::Template { table: call.operation.qualified_name(), source: Box::new(source) };
            Payload::Command { program: program.to_owned(), arguments: arguments.map_err(template)? }
        }
        Protocol::Table { schema, name, filters } => {
            query::query(&call.operation, (schema, name), (filters, call.argument(filters)), page_size)?
        }
    };
    Ok(Request { payload, ..Request::for_call(call) })
}

fn http(call: &Call, cursor: Option<&Cursor>, page_size: Option<u32>) -> Result<Request, BindError> {
    let method = call.operation.method();
    let types = &call.operation.resource.types;
    let mut query = Vec::new();
    let mut headers = Vec::new();
    let mut server = Vec::new();
    let mut bound = Vec::new();
    let mut path = match method.request.path.as_str() {
        "" => "/".to_owned(),
        path => path.to_owned(),
    };
    for (at, value) in page_arguments::arguments(call, cursor, page_size) {
        let parameter = &method.parameters[at];
        match parameter.location {
            Location::Body => bound.push((parameter, value)),
            Location::Query => uri_encoding::query(&mut query, types, parameter, &value),
            Location::Header => headers.push((parameter.wire.clone(), text(types, parameter, &value))),
            Location::Path => {
                let text = uri_encoding::path(types, parameter, &value);
                path = path.replace(&format!("{{{}}}", parameter.wire), &text);
            }
            Location::Server => server.push((parameter.wire.clone(), form::scalar(&value))),
        }
    }
    if let (Some(name), Some(place)) = (&call.operation.service.endpoints.scope, &call.scope)
        && !server.iter().any(|(n, _)| n == name)
    {
        server.push((name.clone(), place.clone()));
    }
    let table = || call.operation.qualified_name();
    let values = AddressValues { values: &server, scope: call.operation.service.endpoints.scope.as_deref() };
    let url = method.request.url.as_deref().map(|template| values.fill(template));
    let url = url.transpose().map_err(|source| BindError::Address { table: table(), source })?;
    let body = body::body(&call.operation, &bound, cursor)
        .map_err(|source| BindError::Template { table: table(), source: Box::new(source) })?;
    if let Some(media_type) = body.media_type
        && !headers.iter().any(|(name, _)| is_content_type(name))
    {
        headers.push(("content-type".to_owned(), media_type));
    }
    let accept = &method.request.accept;
    if !accept.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(ACCEPT)) {
        headers.push((ACCEPT.to_owned(), accept.clone()));
    }
    let next = match (&method.paging, cursor) {
        (Some(Paging { next: NextPage::Address { .. }, .. }), Some(cursor)) => Some(cursor.as_str().to_owned()),
        _ => None,
    };
    Ok(Request {
        http_method: method.request.http_method.clone(),
        path,
        query,
        headers,
        body: body.bytes,
        url,
        server_variables: server,
        next_url: next,
        fields: body.fields,
        ..Request::for_call(call)
    })
}

impl Request {
    /// An empty request for the operation and scope of `call`.
    fn for_call(call: &Call) -> Self {
        Self {
            payload: Payload::Http,
            operation: Arc::clone(&call.operation),
            scope: call.scope.clone(),
            http_method: String::new(),
            path: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Bytes::new(),
            url: None,
            server_variables: Vec::new(),
            next_url: None,
            retryable: call.operation.method().is_retryable(),
            max_age: None,
            fields: Vec::new(),
        }
    }

    /// The request on one line, for EXPLAIN. Of HTTP: the method, the path, the fields of query and form as they are before
    /// encoding, and any other body, such as `POST / Action=DescribeVpcs&Filter.1.Name=vpc-id`. Of a command: its words,
    /// quoted as for a shell. Of a query: the SQL text with its values. It has no credentials, since they are added later.
    pub fn summary(&self) -> String {
        self.line(None)
    }

    /// [`Self::summary`] with the values of secrets redacted, for logs and messages.
    pub fn redacted_summary(&self) -> String {
        self.line(Some(self.operation.redactor()))
    }

    fn line(&self, masks: Option<&Redactor>) -> String {
        let line = match &self.payload {
            Payload::Http => self.http_line(masks),
            Payload::Command { program, arguments } => {
                masked(masks, &command::display_command(program, arguments)).into_owned()
            }
            Payload::Query { text, values } => masked(masks, &query::display_query(text, values)).into_owned(),
        };
        line.trim_end().chars().flat_map(printable).collect()
    }

    /// The key of the request for deduplication, across providers: requests with equal keys get the same response, if the
    /// same caller sends them at the same time.
    pub fn dedupe_key(&self) -> String {
        let Self {
            payload,
            operation,
            scope,
            http_method,
            path,
            query,
            headers,
            body,
            url,
            server_variables: server,
            next_url: next,
            ..
        } = self;
        let of = (&operation.provider.name, &operation.service.name, scope, http_method, path, query);
        format!("{of:?}{:?}", (payload, headers, body, url, server, next))
    }

    fn http_line(&self, masks: Option<&Redactor>) -> String {
        let pair = |(name, value): &(String, String)| {
            format!("{name}={}", masks.map_or(value.as_str(), |masks| masks.value(name, value)))
        };
        let pairs: Vec<String> = self.query.iter().chain(&self.fields).map(pair).collect();
        let (path, pairs) = match &self.next_url {
            Some(next) => (next.as_str(), String::new()),
            None => (self.path.as_str(), pairs.join("&")),
        };
        let path = masks.map_or(path.into(), |masks| masks.redact_url(path));
        let body = if self.fields.is_empty() { String::from_utf8_lossy(&self.body) } else { "".into() };
        let parts = [self.http_method.as_str(), &masked(masks, &path), &pairs, &masked(masks, &body)];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// A GET request without body for the URL of this request.
    pub(crate) fn as_read(&self) -> Self {
        let mut read = self.without_body();
        "GET".clone_into(&mut read.http_method);
        read
    }

    /// A GET request for `address`, which is resolved as [`Self::next_url`] is.
    pub(crate) fn follow(&self, address: &str) -> Self {
        Self { next_url: Some(address.to_owned()), ..self.as_read() }
    }

    /// A GET request for `path` below the endpoint. The path is not encoded yet.
    pub(crate) fn at_path(&self, path: &str) -> Self {
        Self { path: slashed(path), query: Vec::new(), ..self.as_read() }
    }

    /// A request for the status of an operation: it goes to `path` at the same endpoint, with a JSON body, and only reads.
    /// `headers` replace the headers of the same names.
    pub(crate) fn status_request(&self, path: &str, headers: &[(String, String)], body: &Json) -> Self {
        let mut asked = Self { path: path.to_owned(), query: Vec::new(), ..self.without_body() };
        asked.headers.retain(|(name, _)| !headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)));
        asked.headers.extend_from_slice(headers);
        let media_type = self.headers.iter().find(|(name, _)| is_content_type(name));
        asked.headers.extend(media_type.cloned());
        Self { body: body.to_string().into(), ..asked }
    }

    /// A retryable copy of the request without body, next URL and caching.
    fn without_body(&self) -> Self {
        let mut bare = self.clone();
        bare.headers.retain(|(name, _)| !is_content_type(name));
        Self { body: Bytes::new(), fields: Vec::new(), next_url: None, retryable: true, max_age: None, ..bare }
    }

    /// The URL that a template of the service yields: its placeholders replaced by [`Self::server_variables`].
    ///
    /// # Errors
    ///
    /// A variable has no value, or one that its position in the URL does not allow; or the template is malformed.
    pub fn address(&self, template: &str) -> Result<String, AddressError> {
        self.values().fill(template)
    }

    /// The base URL for a user-configured `endpoint` that replaces `template`. Values that the template has in its host and
    /// the endpoint lacks move into the path, if the service allows path style for them.
    ///
    /// # Errors
    ///
    /// [`AddressError::Lost`] if such a value would be dropped though it is not the default; else as [`Self::address`].
    pub fn moved(&self, endpoint: &str, template: &str) -> Result<String, AddressError> {
        let parameters = &self.operation.method().parameters;
        let default = |name: &str| parameters.iter().find(|p| p.wire == name).and_then(|p| p.default.as_deref());
        let is_said = |name: &str, value: &str| default(name) != Some(value);
        self.values().moved(endpoint, template, &self.operation.service.endpoints.path_style, is_said)
    }

    fn values(&self) -> AddressValues<'_> {
        AddressValues { values: &self.server_variables, scope: self.operation.service.endpoints.scope.as_deref() }
    }
}

/// The text with secrets redacted; unchanged if there is no redactor.
fn masked<'a>(masks: Option<&Redactor>, text: &'a str) -> Cow<'a, str> {
    masks.map_or(Cow::Borrowed(text), |masks| masks.redact_text(text))
}

fn is_content_type(header: &str) -> bool {
    header.eq_ignore_ascii_case("content-type")
}

/// The character itself, or its escape if it is a control character, which could move the cursor of a terminal.
pub(crate) fn printable(c: char) -> Vec<char> {
    if c.is_control() { c.escape_default().collect() } else { vec![c] }
}
