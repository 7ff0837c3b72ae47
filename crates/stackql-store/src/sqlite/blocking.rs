//! Work that blocks, on threads that may, and how it learns that nobody waits for it any more.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Weak};

use tokio::task::{JoinError, spawn_blocking};

/// Held by who waits for work.
#[derive(Debug)]
pub(crate) struct CancelGuard(Arc<()>);

/// Tells whether somebody still waits.
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
    /// Whether who asked went away.
    pub(crate) fn is_over(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// Does work on a thread of its own. Dropping the future tells the work so, and does not end it.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce(CancelToken) -> T + Send + 'static) -> T {
    let waiting = CancelGuard::new();
    let awaited = waiting.token();
    match spawn_blocking(move || work(awaited)).await {
        Ok(done) => done,
        Err(error) => stopped(error).await,
    }
}

/// A panic of the work is one of who waits; work that was not begun when the runtime ended leaves nobody who waits.
pub(crate) async fn stopped<T>(error: JoinError) -> T {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => pending().await,
    }
}
