//! [`Response`], what a request returned, with its [`Attempt`]s. A [`crate::Transport`] produces it; the modules below decode
//! its body.

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

/// A response of any status. Other protocols than HTTP are mapped to it.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed.
    pub body: Bytes,
    /// All attempts to send the request, in order; this is the response to the last one.
    pub attempts: Vec<Attempt>,
}

/// One attempt to send a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When the attempt began.
    pub started: SystemTime,
    /// How long the rate limiter delayed the attempt before that.
    pub waited: Duration,
    /// How long it took until the response was read or the attempt was given up.
    pub duration: Duration,
    /// The URL it was sent to, without query string.
    pub url: String,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
    /// The number of bytes of the body, after decompression.
    pub bytes: u64,
    /// The provider's id of the request, if the response carries one.
    pub request_id: Option<String>,
    /// The error, if there was no response.
    pub error: Option<String>,
    /// The response is from the cache: nothing was sent.
    pub cached: bool,
}

impl Response {
    /// The first header of this name, which is compared case-insensitively.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}
