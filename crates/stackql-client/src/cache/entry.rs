//! What is kept of an answer. Owns which answers are kept at all, how old one is, and what it looks like when it is
//! given again.

use std::time::{Duration, SystemTime};

use stackql_call::{Attempt, Request, Response, fault};

use super::transport::Freshness;

/// No larger body is kept.
const LARGEST: usize = 64 << 20;

/// An answer that is kept.
#[derive(Debug, Clone)]
pub(crate) struct CachedResponse {
    /// When it came.
    pub(crate) received_at: SystemTime,
    /// The answer without secret headers; its one attempt is one at which nothing is sent.
    pub(crate) response: Response,
}

impl CachedResponse {
    /// What is kept of an answer that came just now, if it is good, whole and not too large.
    pub(crate) fn from_response(request: &Request, answer: &Response) -> Option<Self> {
        // What was only accepted, and a part, are no answer yet.
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

    /// Whether it is as new as somebody wants it. What came after they asked always is; what is to come never.
    pub(crate) fn is_fresh_for(&self, wanted: Freshness) -> bool {
        match wanted.asked.duration_since(self.received_at) {
            Ok(age) => age <= wanted.max_age,
            Err(_) => self.received_at <= SystemTime::now(),
        }
    }

    /// The answer as it is given now.
    pub(crate) fn serve(&self) -> Response {
        to_response(&self.response)
    }

    /// How many bytes it takes.
    pub(crate) fn weight(&self) -> u32 {
        let Response { headers, body, .. } = &self.response;
        let headers: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        u32::try_from(size_of::<Self>() + headers + body.len()).unwrap_or(u32::MAX)
    }
}

/// An answer for somebody who sent nothing for it.
pub(crate) fn to_response(answer: &Response) -> Response {
    let last = answer.attempts.last();
    let url = last.map(|attempt| attempt.url.clone()).unwrap_or_default();
    let request_id = last.and_then(|attempt| attempt.request_id.clone());
    Response { attempts: vec![unsent(answer.status, url, request_id)], ..answer.clone() }
}

/// An attempt at which nothing is sent, where an earlier one was answered so.
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
