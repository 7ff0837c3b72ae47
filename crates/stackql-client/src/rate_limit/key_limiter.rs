//! When the next request of a key may be sent. Owns what the provider said and what its throttling taught; [`AdaptiveRate`] has
//! the arithmetic of the latter.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::adaptive_rate::{AdaptiveRate, SendRateMeter};
use super::headers::ServerLimits;

/// How long is waited where nothing is left and nobody says until when.
const PAUSE: Duration = Duration::from_secs(1);
/// How far two readings of the end of one window may lie apart: providers say it in whole seconds.
const SAME: Duration = Duration::from_secs(1);
/// A key is slow when it answers so much slower than it can, by factor and by time.
const SLOWER: (u32, Duration) = (5, Duration::from_secs(1));

/// The pace of one key.
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

/// A span of time for which the provider said how many requests are left.
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

/// Why a request waits, and until when at least.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delay {
    /// By the rate that was learned.
    RateLimited(Instant),
    /// By what the provider said.
    ServerAsked(Instant),
}

impl KeyLimiter {
    /// Waits until the requests that came before have been sent; whether there were any.
    pub(crate) async fn turn(&self) -> (tokio::sync::MutexGuard<'_, ()>, bool) {
        match self.turn.try_lock() {
            Ok(turn) => (turn, false),
            Err(_) => (self.turn.lock().await, true),
        }
    }

    /// Counts one request that is sent now, if it may be; `held_back` says whether it was held before.
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

    /// Takes in what an answer says about what is allowed.
    pub(crate) fn apply_server_limits(&self, limits: &ServerLimits, now: Instant) {
        let mut state = self.state();
        let until = |wait: Option<Duration>| wait.and_then(|wait| now.checked_add(wait));
        state.not_before = state.not_before.max(until(limits.retry_after));
        match (limits.remaining, until(limits.reset)) {
            (Some(left), Some(ends)) if ends > now => {
                let same = |window: &Window| window.ends.max(ends) - window.ends.min(ends) <= SAME;
                // What was sent since that answer was made is counted here already.
                let counted = state.window.filter(same).map_or(left, |window| window.left.min(left));
                state.window = Some(Window { left: counted, ends });
            }
            (Some(0), None) => state.not_before = state.not_before.max(until(Some(PAUSE))),
            _ => {}
        }
    }

    /// A request that was sent then was carried out.
    pub(crate) fn accepted(&self, sent: Instant, now: Instant) {
        let state = &mut *self.state();
        let measured = state.sending.rate(now);
        if let Some(rate) = &mut state.rate {
            rate.accepted(sent, now, measured);
        }
    }

    /// A request that was sent then was throttled; whether a rate was known, or is of no use.
    pub(crate) fn throttled(&self, limits: &ServerLimits, sent: Instant, now: Instant) -> bool {
        let state = &mut *self.state();
        if limits.remaining == Some(0) && limits.reset.is_some() {
            // The window says it all: until its end, and then the whole of it at once.
            return true;
        }
        // What was in flight when the first was throttled says nothing new.
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

    /// Whether answers have become much slower than they can be, this one of `latency` included.
    pub(crate) fn is_slower(&self, latency: Duration) -> bool {
        let mut state = self.state();
        let before = state.latency.unwrap_or(Latency { best: latency, mean: latency });
        // The best drifts, since what is asked for may have become more work for good.
        let best = latency.min(before.best + latency.saturating_sub(before.best) / 100);
        let mean = before.mean * 4 / 5 + latency / 5;
        state.latency = Some(Latency { best, mean });
        mean > best * SLOWER.0 && mean > best + SLOWER.1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
