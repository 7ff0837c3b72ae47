//! The concurrency limit of one host, adjusted by AIMD (additive increase, multiplicative decrease): it is halved when the host
//! is overloaded, and grows by one for each limit's worth of good responses, up to the configured limit.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// The concurrency limiter of one host.
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

/// A concurrency slot; dropping it releases the slot.
#[derive(Debug)]
pub(crate) struct HostSlot(Arc<HostLimiter>);

impl HostLimiter {
    pub(crate) fn new(most: usize) -> Self {
        let most = most as f64;
        let state = Mutex::new(State { limit: most, in_flight: 0, lowered: None });
        Self { most, state, freed: Notify::new() }
    }

    /// Waits for a free slot.
    pub(crate) async fn slot(self: &Arc<Self>) -> HostSlot {
        loop {
            let mut freed = pin!(self.freed.notified());
            // Registers for the notification before the check, so that a slot released in between is not missed.
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
            // A growing limit notifies no waiter, so each one that enters wakes the next if there is another slot.
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
    /// Additive increase: raises the limit after a good response.
    pub(crate) fn served(&self) {
        let mut state = self.0.state();
        // With less than half of the slots in use, the limit was not tested.
        if f64::from(state.in_flight) * 2.0 >= state.limit {
            state.limit = (state.limit + 1.0 / state.limit).min(self.0.most);
        }
    }

    /// Multiplicative decrease: halves the limit after a request sent at `sent` showed that the host is overloaded. A request
    /// that was sent before the last decrease is ignored, since it was sent under the older, higher limit.
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
