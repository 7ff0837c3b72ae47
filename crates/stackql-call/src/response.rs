//! What came back for a request, and how often it was sent.

pub(crate) mod error_fields;
pub(crate) mod fault;
pub(crate) mod graphql_errors;
pub(crate) mod json_stream;
pub(crate) mod json_visitor;
pub(crate) mod path_search;
pub(crate) mod path_texts;
pub(crate) mod sniff;
pub(crate) mod xml;

use std::time::{Duration, SystemTime};

use bytes::Bytes;

/// An HTTP answer of any status.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed.
    pub body: Bytes,
    /// Every time the request was sent; the last one brought this answer.
    pub attempts: Vec<Attempt>,
}

/// One time that a request was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub started: SystemTime,
    /// How long it was held back before that, so as not to ask more than the provider allows.
    pub waited: Duration,
    /// How long until the answer was read or given up.
    pub duration: Duration,
    /// The address it went to, without query.
    pub url: String,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// Bytes of body read, as they came over the wire after decompression.
    pub bytes: u64,
    /// The request id the provider gave it.
    pub request_id: Option<String>,
    /// What went wrong, if something did.
    pub error: Option<String>,
    /// Nothing was sent: the answer was kept from an earlier time.
    pub cached: bool,
}

impl Response {
    /// The first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}
