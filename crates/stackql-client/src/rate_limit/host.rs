//! How many requests may be in flight to one host. Owns the limit, which is halved when the host is overloaded and grows
//! again by one for each limit's worth of good answers, up to the limit that was set.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// One host's places.
#[derive(Debug)]
pub(crate) struct HostLimiter {
    most: f64,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    limit: f64,
    in_flight: u32,
    lowered: Option<Instant>,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(crate) struct HostSlot(Arc<HostLimiter>);

impl HostLimiter {
    pub(crate) fn new(most: usize) -> Self {
        let most = most as f64;
        let state = Mutex::new(State { limit: most, in_flight: 0, lowered: None });
        Self { most, state, freed: Notify::new() }
    }

    /// Waits for a place.
    pub(crate) async fn slot(self: &Arc<Self>) -> HostSlot {
        loop {
            let mut freed = pin!(self.freed.notified());
            // From here on a place that becomes free is not missed.
            freed.as_mut().enable();
            if self.enter() {
                return HostSlot(Arc::clone(self));
            }
            freed.await;
        }
    }

    fn enter(&self) -> bool {
        let mut state = self.state();
        let entered = state.has_place();
        if entered {
            state.in_flight += 1;
            // The limit grows without a word to those who wait; who comes in calls the next.
            if state.has_place() {
                self.freed.notify_one();
            }
        }
        entered
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_place(&self) -> bool {
        f64::from(self.in_flight) < self.limit.floor()
    }
}

impl HostSlot {
    /// The host did well by a request.
    pub(crate) fn served(&self) {
        let mut state = self.0.state();
        // A limit that nobody comes near has not been tried.
        if f64::from(state.in_flight) * 2.0 >= state.limit {
            state.limit = (state.limit + 1.0 / state.limit).min(self.0.most);
        }
    }

    /// The host was overloaded by a request that was sent then. What was in flight when the limit was lowered says
    /// nothing new.
    pub(crate) fn overloaded(&self, sent: Instant) {
        let mut state = self.0.state();
        if state.lowered.is_none_or(|at| sent >= at) {
            state.limit = (state.limit / 2.0).max(1.0);
            state.lowered = Some(Instant::now());
        }
    }
}

impl Drop for HostSlot {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight -= 1;
        if state.has_place() {
            self.0.freed.notify_one();
        }
    }
}
