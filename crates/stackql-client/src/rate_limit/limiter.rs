//! Holds requests back so that no provider is asked for more than it allows. Owns who may send when, for all statements
//! of the process; not how a request is sent or repeated.
//!
//! A request takes a [`Permit`] before it is sent and tells it how it went. Three things may hold it back:
//! - its [`HostLimiter`] and the process, which have so many requests in flight and no more;
//! - what the provider said: wait this long, or nothing is left until then ([`ServerLimits`]);
//! - the [`AdaptiveRate`] that throttling answers taught.
//!
//! The last two are kept by [`RateKey`], since providers count by account and operation. Requests of a key pass in the order
//! they came, one at a time, and hold nothing that another key needs while they wait. Every wait can be dropped.

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

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RateKey {
    /// Host and port.
    pub(crate) host: String,
    pub(crate) identity: CredentialHash,
    /// The operation, with its provider and service.
    pub(crate) operation: String,
}

/// Whose requests: whatever tells credentials apart, hashed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct CredentialHash(u64);

impl CredentialHash {
    /// Who is known by these words.
    pub(crate) fn from_parts(words: &[&str]) -> Self {
        let mut hasher = DefaultHasher::new();
        words.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// Holds requests back.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    concurrency_limit: usize,
    longest_wait: Duration,
    total: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<HostLimiter>>>,
    key_limiters: Mutex<HashMap<RateKey, Arc<KeyLimiter>>>,
}

/// Leave to send one request; its place is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    /// How long it was held back.
    pub(crate) waited: Duration,
    sent: Instant,
    pace: Arc<KeyLimiter>,
    slot: HostSlot,
    _total: OwnedSemaphorePermit,
}

/// The provider allows nothing for longer than a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuotaExhausted {
    /// How long from now.
    pub(crate) left: Duration,
}

/// How a request went. One that broke says nothing about how much is allowed.
#[derive(Debug, Clone)]
pub(crate) enum AttemptOutcome {
    /// It was answered.
    Answered(ServerLimits),
    /// It was refused because there were too many.
    Throttled(ServerLimits),
    /// There was no answer in time.
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
            // Others need what this one cannot use yet.
            drop((slot, total));
            held_back = true;
            tokio::time::sleep_until(until).await;
        }
    }
}

impl Permit {
    /// Takes in how the request went.
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
                // Once there is a rate it is that which must be lower. Fewer in flight would slow those down who share
                // the host and were not throttled.
                if !self.pace.throttled(limits, self.sent, now) {
                    self.slot.overloaded(self.sent);
                }
            }
            AttemptOutcome::TimedOut => self.slot.overloaded(self.sent),
        }
    }
}

/// The value of `key`, made where it is not there.
fn entry<K: Clone + Eq + Hash, V>(of: &Mutex<HashMap<K, Arc<V>>>, key: &K, make: impl FnOnce() -> V) -> Arc<V> {
    let mut known = of.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(key) {
        return Arc::clone(found);
    }
    let made = Arc::new(make());
    known.insert(key.clone(), Arc::clone(&made));
    made
}

/// How many files this process may have open, connections among them.
#[cfg(unix)]
fn open_files() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

/// How many files this process may have open: as many as it likes.
#[cfg(not(unix))]
fn open_files() -> usize {
    usize::MAX
}

#[cfg(test)]
mod tests;
