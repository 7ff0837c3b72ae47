//! Log of the requests that an endpoint received, in order.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A received request.
#[derive(Debug)]
pub(super) struct Request {
    /// Identifies the request among others.
    pub(super) what: String,
    pub(super) came: Instant,
    /// Whether it was rejected by a rate limit, so that it may be repeated.
    pub(super) is_refused: bool,
}

/// The requests received since the log was last taken.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<Vec<Request>>);

impl Asked {
    pub(super) fn note(&self, what: String, is_refused: bool) {
        self.all().push(Request { what, came: Instant::now(), is_refused });
    }

    pub(super) fn count(&self) -> usize {
        self.all().len()
    }

    pub(super) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.all())
    }

    fn all(&self) -> MutexGuard<'_, Vec<Request>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fails if a request that had succeeded was sent again.
pub(super) fn each_once(requests: &[Request]) -> Result<(), String> {
    let mut known = HashSet::new();
    match requests.iter().filter(|request| !request.is_refused).find(|request| !known.insert(&request.what)) {
        Some(again) => Err(format!("'{}' was asked for twice", again.what)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, each_once};

    #[test]
    fn only_what_was_refused_may_be_asked_again() {
        let asked = Asked::default();
        asked.note("/a".into(), true);
        asked.note("/a".into(), false);
        asked.note("/b".into(), false);
        assert_eq!(asked.count(), 3);
        let mut requests = asked.take();
        assert_eq!(each_once(&requests), Ok(()));
        requests[0].is_refused = false;
        assert_eq!(each_once(&requests), Err("'/a' was asked for twice".into()));
        assert_eq!(asked.count(), 0);
    }
}
