//! The client-side rate limiter: delays requests so that no provider's limits are exceeded. Shared by all statements of a
//! client, which acquires a permit before each attempt; it neither sends nor retries requests.
//!
//! Each attempt acquires a [`Permit`] and reports its [`AttemptOutcome`] to it. Three limits may delay it:
//! - the concurrency limits of its [`HostLimiter`] and of the process;
//! - the limits that the server declared: a `Retry-After`, or an exhausted window ([`ServerLimits`]);
//! - the [`AdaptiveRate`](crate::rate_limit::adaptive_rate::AdaptiveRate) that was learned from throttled responses.
//!
//! The last two are tracked by [`RateKey`], since providers count by account and operation. Requests of a key pass one at a
//! time and in FIFO order; while they wait, they hold nothing that another key needs. Every wait is cancel-safe.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::Settings;
use crate::rate_limit::headers::ServerLimits;
use crate::rate_limit::host::{HostLimiter, HostSlot};
use crate::rate_limit::key_limiter::{Delay, KeyLimiter};

/// The key of a rate limit: requests with equal keys count against the same limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RateKey {
    /// Host and port.
    pub(crate) host: String,
    pub(crate) identity: CredentialHash,
    /// The operation, with its provider and service.
    pub(crate) operation: String,
}

/// The caller identity as a hash of the credentials' distinguishing texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct CredentialHash(u64);

impl CredentialHash {
    /// Hashes the texts that distinguish these credentials from others.
    pub(crate) fn from_parts(words: &[&str]) -> Self {
        let mut hasher = DefaultHasher::new();
        words.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// The rate limiter of a client.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    concurrency_limit: usize,
    longest_wait: Duration,
    total: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<HostLimiter>>>,
    key_limiters: Mutex<HashMap<RateKey, Arc<KeyLimiter>>>,
}

/// The permit to send one attempt; dropping it releases its concurrency slots.
#[derive(Debug)]
pub(crate) struct Permit {
    /// The time spent waiting for the permit.
    pub(crate) waited: Duration,
    sent: Instant,
    pace: Arc<KeyLimiter>,
    slot: HostSlot,
    _total: OwnedSemaphorePermit,
}

/// The error for a quota that resets only after the longest time that a request may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuotaExhausted {
    /// The time from now until the quota resets.
    pub(crate) left: Duration,
}

/// The outcome of an attempt. A broken connection is none of these, since it shows nothing about limits.
#[derive(Debug, Clone)]
pub(crate) enum AttemptOutcome {
    /// There was a response, and it was not throttled.
    Answered(ServerLimits),
    /// The server rejected the request because of its limits.
    Throttled(ServerLimits),
    /// There was no response in time.
    TimedOut,
}

impl RateLimiter {
    pub(crate) fn new(settings: &Settings) -> Self {
        let total = settings.total_concurrency_limit.min(open_files() / 2).max(1);
        Self {
            concurrency_limit: settings.concurrency_limit.max(1),
            longest_wait: settings.longest_wait,
            total: Arc::new(Semaphore::new(total)),
            hosts: Mutex::default(),
            key_limiters: Mutex::default(),
        }
    }

    /// Waits until a request of `key` may be sent.
    ///
    /// # Errors
    ///
    /// The server's limits forbid any request for longer than the longest wait of the settings.
    pub(crate) async fn permit(&self, key: &RateKey) -> Result<Permit, QuotaExhausted> {
        let asked = Instant::now();
        let host = entry(&self.hosts, &key.host, || HostLimiter::new(self.concurrency_limit));
        let pace = entry(&self.key_limiters, key, KeyLimiter::default);
        let (turn, mut held_back) = pace.turn().await;
        loop {
            let slot = host.slot().await;
            let total = Arc::clone(&self.total).acquire_owned().await.expect("the semaphore is never closed");
            let now = Instant::now();
            let until = match pace.try_acquire(now, held_back) {
                Ok(()) => {
                    drop(turn);
                    return Ok(Permit { waited: now - asked, sent: now, pace, slot, _total: total });
                }
                Err(Delay::RateLimited(until)) => until,
                Err(Delay::ServerAsked(until)) if until - now > self.longest_wait => {
                    return Err(QuotaExhausted { left: until - now });
                }
                Err(Delay::ServerAsked(until)) => until,
            };
            // Releases the slots during the wait, so that requests of other keys can use them.
            drop((slot, total));
            held_back = true;
            tokio::time::sleep_until(until).await;
        }
    }
}

impl Permit {
    /// Releases the permit and adjusts the limits by the outcome of the attempt.
    pub(crate) fn finish(self, outcome: &AttemptOutcome) {
        let now = Instant::now();
        let latency = now - self.sent;
        match outcome {
            AttemptOutcome::Answered(limits) => {
                self.pace.apply_server_limits(limits, now);
                self.pace.accepted(self.sent, now);
                if self.pace.is_slower(latency) { self.slot.overloaded(self.sent) } else { self.slot.served() }
            }
            AttemptOutcome::Throttled(limits) => {
                self.pace.apply_server_limits(limits, now);
                // Once a rate is known, only the rate is lowered. A lower concurrency limit would slow down other keys of the
                // host that were not throttled.
                if !self.pace.throttled(limits, self.sent, now) {
                    self.slot.overloaded(self.sent);
                }
            }
            AttemptOutcome::TimedOut => self.slot.overloaded(self.sent),
        }
    }
}

/// The value of `key`; creates it if it is missing.
fn entry<K: Clone + Eq + Hash, V>(of: &Mutex<HashMap<K, Arc<V>>>, key: &K, make: impl FnOnce() -> V) -> Arc<V> {
    let mut known = of.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(key) {
        return Arc::clone(found);
    }
    let made = Arc::new(make());
    known.insert(key.clone(), Arc::clone(&made));
    made
}

/// The limit of open files of this process, which includes connections.
#[cfg(unix)]
fn open_files() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

/// The limit of open files of this process: unlimited.
#[cfg(not(unix))]
fn open_files() -> usize {
    usize::MAX
}

#[cfg(test)]
mod tests;
