//! The rate limiter of one key: when its next request may be sent. Owns the limits that the server declared and the state
//! learned from throttling; [`AdaptiveRate`] has the arithmetic of the latter.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::adaptive_rate::{AdaptiveRate, SendRateMeter};
use super::headers::ServerLimits;

/// The wait if no requests are left and the server does not declare when the window ends.
const PAUSE: Duration = Duration::from_secs(1);
/// The maximum difference between two readings of the end of one window, since servers declare it in whole seconds.
const SAME: Duration = Duration::from_secs(1);
/// A key is slow if its mean latency exceeds its best one by this factor and by this time.
const SLOWER: (u32, Duration) = (5, Duration::from_secs(1));

/// The rate limiter of one key.
#[derive(Debug, Default)]
pub(crate) struct KeyLimiter {
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    not_before: Option<Instant>,
    window: Option<Window>,
    sending: SendRateMeter,
    rate: Option<AdaptiveRate>,
    throttled: Option<Instant>,
    latency: Option<Latency>,
}

/// A rate-limit window: the number of requests left until it ends, as the server declared it.
#[derive(Debug, Clone, Copy)]
struct Window {
    left: u64,
    ends: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Latency {
    best: Duration,
    mean: Duration,
}

/// Why a request is delayed, and the earliest time at which it may be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delay {
    /// By the learned rate.
    RateLimited(Instant),
    /// By a limit that the server declared.
    ServerAsked(Instant),
}

impl KeyLimiter {
    /// Waits in FIFO order for the turn to send a request of this key. Also returns whether it had to wait.
    pub(crate) async fn turn(&self) -> (tokio::sync::MutexGuard<'_, ()>, bool) {
        match self.turn.try_lock() {
            Ok(turn) => (turn, false),
            Err(_) => (self.turn.lock().await, true),
        }
    }

    /// Counts one request that is sent now, if the limits allow it. `held_back` is whether the request was delayed before.
    ///
    /// # Errors
    ///
    /// The request must be delayed.
    pub(crate) fn try_acquire(&self, now: Instant, held_back: bool) -> Result<(), Delay> {
        let state = &mut *self.state();
        if let Some(until) = state.not_before.filter(|until| *until > now) {
            return Err(Delay::ServerAsked(until));
        }
        state.not_before = None;
        state.window = state.window.filter(|window| window.ends > now);
        if let Some(Window { left: 0, ends }) = state.window {
            return Err(Delay::ServerAsked(ends));
        }
        if let Some(rate) = &mut state.rate {
            rate.try_acquire(now, held_back).map_err(Delay::RateLimited)?;
        }
        if let Some(window) = &mut state.window {
            window.left -= 1;
        }
        state.sending.count(now);
        Ok(())
    }

    /// Applies the limits that the server declared in a response.
    pub(crate) fn apply_server_limits(&self, limits: &ServerLimits, now: Instant) {
        let mut state = self.state();
        let until = |wait: Option<Duration>| wait.and_then(|wait| now.checked_add(wait));
        state.not_before = state.not_before.max(until(limits.retry_after));
        match (limits.remaining, until(limits.reset)) {
            (Some(left), Some(ends)) if ends > now => {
                let same = |window: &Window| window.ends.max(ends) - window.ends.min(ends) <= SAME;
                // The local count already includes requests that were sent after the server made this response.
                let counted = state.window.filter(same).map_or(left, |window| window.left.min(left));
                state.window = Some(Window { left: counted, ends });
            }
            (Some(0), None) => state.not_before = state.not_before.max(until(Some(PAUSE))),
            _ => {}
        }
    }

    /// Records that a request sent at `sent` was accepted.
    pub(crate) fn accepted(&self, sent: Instant, now: Instant) {
        let state = &mut *self.state();
        let measured = state.sending.rate(now);
        if let Some(rate) = &mut state.rate {
            rate.accepted(sent, now, measured);
        }
    }

    /// Records that a request sent at `sent` was throttled. Returns `false` if no rate was known before, so that the caller
    /// lowers the concurrency limit instead; `true` if a rate was known, or the throttling adds no information.
    pub(crate) fn throttled(&self, limits: &ServerLimits, sent: Instant, now: Instant) -> bool {
        let state = &mut *self.state();
        if limits.remaining == Some(0) && limits.reset.is_some() {
            // The declared window suffices: nothing is sent until it ends, and then its whole quota is available at once.
            return true;
        }
        // Requests in flight during the last throttling were sent at the same rate, so they are no new evidence.
        if state.throttled.is_some_and(|at| sent < at) {
            return true;
        }
        state.throttled = Some(now);
        let measured = state.sending.rate(now);
        match &mut state.rate {
            Some(rate) => {
                rate.throttled(sent, now, measured);
                true
            }
            none => {
                *none = Some(AdaptiveRate::learned(now, measured));
                false
            }
        }
    }

    /// Whether responses have become much slower than the best ones, by [`SLOWER`]; adds this `latency` to the measure.
    pub(crate) fn is_slower(&self, latency: Duration) -> bool {
        let mut state = self.state();
        let before = state.latency.unwrap_or(Latency { best: latency, mean: latency });
        // The best latency drifts up, since requests may have become more expensive for good.
        let best = latency.min(before.best + latency.saturating_sub(before.best) / 100);
        let mean = before.mean * 4 / 5 + latency / 5;
        state.latency = Some(Latency { best, mean });
        mean > best * SLOWER.0 && mean > best + SLOWER.1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
