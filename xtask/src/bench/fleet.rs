//! A JSON API on loopback with minimal cost, described by the registry documents below `xtask/documents`.
//!
//! Owns latency and throttling; [`lists`] holds the content, [`bucket`] the rate limit.

pub(super) mod bucket;
pub(super) mod lists;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use self::bucket::Bucket;
use super::asked::Asked;
use super::endpoint::Endpoint;

/// The running API; it stops when dropped.
#[derive(Debug)]
pub(super) struct Fleet {
    endpoint: Endpoint,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    asked: Asked,
    manner: Mutex<Manner>,
}

/// The current response behavior.
#[derive(Debug, Default)]
struct Manner {
    latency: Duration,
    bucket: Option<Bucket>,
}

impl Fleet {
    /// Starts on a free port.
    pub(super) fn start() -> Result<Self, String> {
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        Ok(Self { endpoint: Endpoint::open(router, None, || {})?, shared })
    }

    pub(super) fn url(&self) -> &str {
        self.endpoint.url()
    }

    /// Sets the minimum latency and removes the rate limit.
    pub(super) fn answer_after(&self, latency: Duration) {
        *self.shared.manner() = Manner { latency, bucket: None };
    }

    /// Sets the latency and the rate limit.
    pub(super) fn allow(&self, latency: Duration, bucket: Bucket) {
        *self.shared.manner() = Manner { latency, bucket: Some(bucket) };
    }

    pub(super) fn request_log(&self) -> &Asked {
        &self.shared.asked
    }
}

impl Shared {
    fn manner(&self) -> MutexGuard<'_, Manner> {
        self.manner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let (latency, refusal) = {
        let mut manner = shared.manner();
        let taken = manner.bucket.as_mut().map_or(Ok(()), |bucket| bucket.take(Instant::now()));
        (manner.latency, taken.err())
    };
    shared.asked.note(uri.to_string(), refusal.is_some());
    if let Some(wait) = refusal {
        // `Retry-After` is in whole seconds.
        let seconds = wait.as_secs_f64().ceil().max(1.0);
        let body = r#"{"error":{"message":"too many requests"}}"#;
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())], body).into_response();
    }
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let token = uri.query().and_then(|query| query.strip_prefix("pageToken="));
    match lists::page(uri.path(), token) {
        Some(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests;
