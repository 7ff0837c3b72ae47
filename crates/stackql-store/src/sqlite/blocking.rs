//! Runs blocking work on the blocking thread pool, and cancels it cooperatively when its caller is gone.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Weak};

use tokio::task::{JoinError, spawn_blocking};

/// Held by the caller for as long as it waits for the work.
#[derive(Debug)]
pub(crate) struct CancelGuard(Arc<()>);

/// Lets the work check whether its caller still waits.
#[derive(Debug, Clone)]
pub(crate) struct CancelToken(Weak<()>);

impl CancelGuard {
    pub(crate) fn new() -> Self {
        Self(Arc::new(()))
    }

    pub(crate) fn token(&self) -> CancelToken {
        CancelToken(Arc::downgrade(&self.0))
    }
}

impl CancelToken {
    /// Whether the [`CancelGuard`] was dropped, so that the work should stop.
    pub(crate) fn is_over(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// Runs work on a blocking thread. Dropping the future only sets the token; the work must check it to stop.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce(CancelToken) -> T + Send + 'static) -> T {
    let waiting = CancelGuard::new();
    let awaited = waiting.token();
    match spawn_blocking(move || work(awaited)).await {
        Ok(done) => done,
        Err(error) => stopped(error).await,
    }
}

/// Handles work that did not return: a panic is resumed in the caller. Otherwise the runtime shut down before the work
/// began, and the future never completes.
pub(crate) async fn stopped<T>(error: JoinError) -> T {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => pending().await,
    }
}
