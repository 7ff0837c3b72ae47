//! The cache entry: which responses are cacheable, what is stored of them, whether an entry is fresh, and the response that
//! it is served as.

use std::time::{Duration, SystemTime};

use stackql_call::{Attempt, Request, Response, fault};

use super::transport::Freshness;

/// The largest body that is cached, in bytes.
const LARGEST: usize = 64 << 20;

/// A cache entry.
#[derive(Debug, Clone)]
pub(crate) struct CachedResponse {
    /// When the response was received.
    pub(crate) received_at: SystemTime,
    /// The response without secret headers; its only attempt is marked as cached.
    pub(crate) response: Response,
}

impl CachedResponse {
    /// The entry for a response that was just received; `None` if it is a fault, incomplete or too large.
    pub(crate) fn from_response(request: &Request, answer: &Response) -> Option<Self> {
        // 202 Accepted and 206 Partial Content are not the final, whole response.
        let is_whole = (200..300).contains(&answer.status) && !matches!(answer.status, 202 | 206);
        let is_good = || fault(&request.operation, request.scope.as_deref(), answer).is_none();
        if !is_whole || answer.body.len() > LARGEST || !is_good() {
            return None;
        }
        let masks = request.operation.redactor();
        let mut answer = to_response(answer);
        answer.headers.retain(|(name, _)| !masks.hides(name));
        Some(Self { received_at: SystemTime::now(), response: answer })
    }

    /// Whether the entry is fresh enough. One that was received after the request was made always is; one whose time is in the
    /// future, such as after a change of the clock, never is.
    pub(crate) fn is_fresh_for(&self, wanted: Freshness) -> bool {
        match wanted.asked.duration_since(self.received_at) {
            Ok(age) => age <= wanted.max_age,
            Err(_) => self.received_at <= SystemTime::now(),
        }
    }

    /// The response as it is served from the cache now.
    pub(crate) fn serve(&self) -> Response {
        to_response(&self.response)
    }

    /// The size of the entry in memory, in bytes.
    pub(crate) fn weight(&self) -> u32 {
        let Response { headers, body, .. } = &self.response;
        let headers: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        u32::try_from(size_of::<Self>() + headers + body.len()).unwrap_or(u32::MAX)
    }
}

/// A copy of a response for a caller whose request was not sent.
pub(crate) fn to_response(answer: &Response) -> Response {
    let last = answer.attempts.last();
    let url = last.map(|attempt| attempt.url.clone()).unwrap_or_default();
    let request_id = last.and_then(|attempt| attempt.request_id.clone());
    Response { attempts: vec![unsent(answer.status, url, request_id)], ..answer.clone() }
}

/// The attempt record of a request that is served from an earlier response and not sent.
pub(crate) fn unsent(status: u16, url: String, request_id: Option<String>) -> Attempt {
    Attempt {
        started: SystemTime::now(),
        waited: Duration::ZERO,
        duration: Duration::ZERO,
        url,
        status: Some(status),
        bytes: 0,
        request_id,
        error: None,
        cached: true,
    }
}
