//! Answers that one statement asks for more than once: each question is sent once, whoever asks it first.

use std::sync::Arc;

use moka::future::Cache;
use stackql_call::{Request, Response, TransportError};

/// What questions were answered with.
#[derive(Debug)]
pub(crate) struct ResponseDedup(Cache<String, Response>);

/// The most bytes that are kept; a question whose answer had to go is sent again.
const MOST: u64 = 256 << 20;

impl Default for ResponseDedup {
    fn default() -> Self {
        let weight = |key: &String, answer: &Response| {
            u32::try_from(key.len().saturating_add(answer.body.len())).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(MOST).weigher(weight).build())
    }
}

impl ResponseDedup {
    /// The answer to `request`, by `send` unless it is there or on its way.
    pub(crate) async fn get(
        &self,
        request: &Request,
        send: impl Future<Output = Result<Response, TransportError>>,
    ) -> Result<Response, TransportError> {
        self.0.try_get_with(request.dedupe_key(), send).await.map_err(Arc::unwrap_or_clone)
    }
}
