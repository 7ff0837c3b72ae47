//! A call becomes an HTTP request. Owns how arguments are written; not where the endpoint is, nor signing.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Call, Cursor, Operation};

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
}

/// Writes the request for one page of `call`: the first without a cursor. `page_size` is how many rows are
/// wanted, if fewer than all; the method's limits are applied to it.
pub fn request(call: &Call, cursor: Option<&Cursor>, page_size: Option<u32>) -> Request {
    let _ = (cursor, page_size);
    Request {
        operation: Arc::clone(&call.operation),
        scope: call.scope.clone(),
        http_method: String::new(),
        path: String::new(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Bytes::new(),
        repeatable: false,
    }
}
impl Request {
    /// One line for EXPLAIN and logs: method, path and decoded fields, `POST / Action=DescribeVpcs&Filter.1.Name=vpc-id`.
    /// It carries no credential, since the request has none yet.
    pub fn summary(&self) -> String {
        String::new()
    }
}
