//! A call becomes a request: of HTTP, to run a program, or to a database. Owns how arguments are written; not where
//! the endpoint is, nor signing.

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

/// The header that says which media types an answer may have.
const ACCEPT: &str = "accept";

/// What a request is beside HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Payload {
    /// HTTP, as the request's other fields say.
    #[default]
    Http,
    /// A program to run on this machine. No shell may read the words.
    Command {
        /// The program.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// A SELECT, whose rows are to be answered as a JSON list of objects.
    Query {
        /// Its text.
        text: String,
        /// The values of `$1` and on, as texts of whatever type stands there.
        values: Vec<String>,
    },
}

/// One request before endpoint, signature and connection.
#[derive(Debug, Clone)]
pub struct Request {
    /// What it is beside HTTP; then the fields that are about HTTP are empty.
    pub payload: Payload,
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
    /// Where it goes, where not to the service's endpoints.
    pub url: Option<String>,
    /// The values of the variables of the service's address, and of the scope, by name.
    pub server_variables: Vec<(String, String)>,
    /// The address of the page, or of the state of work that goes on, as the answer before had it: absolute, or relative
    /// to the request before.
    /// It stands in place of path and query, and must not leave the origin.
    pub next_url: Option<String>,
    /// Whether it may be sent again when no answer came: it only reads, or carries an idempotency token.
    pub retryable: bool,
    /// How old an answer may be that is given instead of asking; `None` is not at all.
    pub max_age: Option<Duration>,
    /// The body's fields, not encoded, where it is a form.
    fields: Vec<(String, String)>,
}

/// Writes the request for one page of `call`: the first without a cursor. `page_size` is how many rows are
/// wanted, if fewer than all; the method's limits are applied to it.
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
    /// A request of `call` that asks for nothing yet.
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

    /// One line for EXPLAIN: method, path, decoded fields and any other body,
    /// `POST / Action=DescribeVpcs&Filter.1.Name=vpc-id`; the words of a command, quoted; a query with its values. It
    /// carries no credential, since the request has none yet.
    pub fn summary(&self) -> String {
        self.line(None)
    }

    /// The [`summary`](Self::summary) for logs and messages: without the values of secrets.
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

    /// Tells the request from those that ask something else, of whatever provider. Those that are equal get the same
    /// answer at the same time.
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

    /// The request that only reads what is at the address this one was written to.
    pub(crate) fn as_read(&self) -> Self {
        let mut read = self.without_body();
        "GET".clone_into(&mut read.http_method);
        read
    }

    /// The request that reads what is at `address`, which is taken as [`Self::next`] is.
    pub(crate) fn follow(&self, address: &str) -> Self {
        Self { next_url: Some(address.to_owned()), ..self.as_read() }
    }

    /// The request that reads what is at `path` below the endpoint, which is not encoded.
    pub(crate) fn at_path(&self, path: &str) -> Self {
        Self { path: slashed(path), query: Vec::new(), ..self.as_read() }
    }

    /// The request of another operation at the same endpoint that only reads, with these headers in place of its own of
    /// the same names and a body in JSON.
    pub(crate) fn status_request(&self, path: &str, headers: &[(String, String)], body: &Json) -> Self {
        let mut asked = Self { path: path.to_owned(), query: Vec::new(), ..self.without_body() };
        asked.headers.retain(|(name, _)| !headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)));
        asked.headers.extend_from_slice(headers);
        let media_type = self.headers.iter().find(|(name, _)| is_content_type(name));
        asked.headers.extend(media_type.cloned());
        Self { body: body.to_string().into(), ..asked }
    }

    /// The request without a body.
    fn without_body(&self) -> Self {
        let mut bare = self.clone();
        bare.headers.retain(|(name, _)| !is_content_type(name));
        Self { body: Bytes::new(), fields: Vec::new(), next_url: None, retryable: true, max_age: None, ..bare }
    }

    /// The address that a template of the service's gives, its placeholders replaced by [`Self::server`].
    pub fn address(&self, template: &str) -> Result<String, AddressError> {
        self.values().fill(template)
    }

    /// The address below `endpoint`, which a user put in the place of the one that `template` gives. What that has in its
    /// host stays, or is refused.
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

/// A text without the values of secrets, where there are `masks`.
fn masked<'a>(masks: Option<&Redactor>, text: &'a str) -> Cow<'a, str> {
    masks.map_or(Cow::Borrowed(text), |masks| masks.redact_text(text))
}

fn is_content_type(header: &str) -> bool {
    header.eq_ignore_ascii_case("content-type")
}

/// A character, or its escape where it would move the cursor.
pub(crate) fn printable(c: char) -> Vec<char> {
    if c.is_control() { c.escape_default().collect() } else { vec![c] }
}
