//! Response deduplication (single-flight): identical requests of one statement are sent once and share the response.

use std::sync::Arc;

use moka::future::Cache;
use stackql_call::{Request, Response, TransportError};

/// The responses of a statement, by the dedupe key of the request.
#[derive(Debug)]
pub(crate) struct ResponseDedup(Cache<String, Response>);

/// The capacity in bytes; a request whose response was evicted is sent again.
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
    /// Returns the response to `request`: the cached one, else that of an identical request in flight, else that of `send`.
    ///
    /// # Errors
    ///
    /// The request failed; requests that waited for it get the same error. Errors are not cached.
    pub(crate) async fn get(
        &self,
        request: &Request,
        send: impl Future<Output = Result<Response, TransportError>>,
    ) -> Result<Response, TransportError> {
        self.0.try_get_with(request.dedupe_key(), send).await.map_err(Arc::unwrap_or_clone)
    }
}
