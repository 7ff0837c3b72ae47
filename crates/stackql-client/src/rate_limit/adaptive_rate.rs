//! The adaptive rate: a token bucket whose rate is learned from the requests that a server throttles. Pure: the time is an
//! argument. Used by the rate limiter of a key.
//!
//! The rule is that of the "adaptive" retry mode of the AWS SDKs: a token bucket whose refill rate falls to 0.7 of the sent
//! rate when a request is throttled, and grows again along a cubic curve. That rule alone never converges: it raises the rate
//! until a request is throttled, again and again. The server's rate is therefore also measured. When a server throttles, its
//! bucket is empty, so the number of requests that it accepts from one throttled request to the next is its limit for that
//! time. Once this measure is good enough, its rate is held for a while, and no request is throttled in that time.

use std::time::Duration;

use tokio::time::Instant;

/// The factor of the rate after a throttled request, if no measure is available.
const BETA: f64 = 0.7;
/// The steepness of the cubic curve, in requests per second for each second cubed.
const SCALE: f64 = 0.4;
/// The weight of the latest half second in the smoothed send rate.
const SMOOTH: f64 = 0.8;
/// The lowest rate that is guessed without a measure, in requests per second.
const SLOWEST: f64 = 0.5;
/// The number of accepted requests of a rough measure; its error is at most an eighth.
const ROUGH: u32 = 8;
/// The number of accepted requests, and the minimum time, of a good measure.
const GOOD: (u32, Duration) = (50, Duration::from_secs(5));
/// A good measure must also last this many times the latency, since the times of responses vary by about one latency.
const EVEN: u32 = 20;
/// The share of a good measure that is used: less than 1, so that the server's bucket does not run empty again.
const SHARE: f64 = 0.98;
/// The pause before the rate of a good measure starts, in which the server's bucket refills.
const HEAD_START: Duration = Duration::from_millis(250);
/// The time for which a good measure is held before higher rates are tried.
const STANDS: Duration = Duration::from_secs(300);

/// A token bucket with an adaptive refill rate.
#[derive(Debug)]
pub(crate) struct AdaptiveRate {
    per_second: f64,
    tokens: f64,
    filled: Instant,
    curve: Curve,
    measure: Option<Measure>,
}

/// The cubic growth of the rate: from `begins` it flattens towards `level`, which it reaches after `flat_at` seconds, then it
/// grows faster.
#[derive(Debug)]
struct Curve {
    begins: Instant,
    level: f64,
    flat_at: f64,
}

/// The requests accepted since the server's bucket was empty. The measure is valid only while requests wait for tokens; if they
/// do not, the server's bucket may have refilled.
#[derive(Debug, Clone, Copy)]
struct Measure {
    /// The send time of the throttled request that showed the server's bucket to be empty.
    since: Instant,
    accepted: u32,
    /// Whether so many requests were in flight at that time that their order at the server is unknown.
    flooded: bool,
}

/// Measures the send rate: requests per second, exponentially smoothed.
#[derive(Debug, Default)]
pub(crate) struct SendRateMeter {
    since: Option<Instant>,
    count: u32,
    smoothed: Option<f64>,
}

impl AdaptiveRate {
    /// The initial state at the first throttled request, while `measured` requests per second were sent.
    pub(crate) fn learned(now: Instant, measured: f64) -> Self {
        let curve = Curve { begins: now, level: measured, flat_at: 0.0 };
        let mut rate = Self { per_second: measured, tokens: 0.0, filled: now, curve, measure: None };
        rate.fall(now, measured);
        rate.measure = Some(Measure { since: now, accepted: 0, flooded: true });
        rate
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// The bucket is empty; the error is the earliest time at which it may have a token.
    pub(crate) fn try_acquire(&mut self, now: Instant, held_back: bool) -> Result<(), Instant> {
        self.fill(now);
        if self.tokens < 1.0 {
            // At least the timer's resolution, or the wait would end before there is a token.
            let wait = ((1.0 - self.tokens) / self.per_second).max(0.001);
            return Err(now + Duration::from_secs_f64(wait));
        }
        if !held_back && self.tokens > self.capacity() - 1.0 {
            self.measure = None;
        }
        self.tokens -= 1.0;
        Ok(())
    }

    /// Records that a request sent at `sent` was accepted, and moves the rate along the curve.
    pub(crate) fn accepted(&mut self, sent: Instant, now: Instant, measured: f64) {
        if let Some(measure) = &mut self.measure
            && sent >= measure.since
        {
            measure.accepted += 1;
        }
        let Some(along) = now.checked_duration_since(self.curve.begins) else { return };
        let grown = SCALE * (along.as_secs_f64() - self.curve.flat_at).powi(3) + self.curve.level;
        // Grows to at most twice the sent rate; a rate that is not used up is not lowered.
        self.set(now, grown.min(2.0 * measured).max(self.per_second));
    }

    /// Records that a request sent at `sent` was throttled, and lowers the rate or adopts the measured one. The caller passes
    /// no request that was already in flight at the last throttling.
    pub(crate) fn throttled(&mut self, sent: Instant, now: Instant, measured: f64) {
        let current = self.per_second.min(measured);
        let begun = Some(Measure { since: sent, accepted: 0, flooded: false });
        self.tokens = self.tokens.min(0.0);
        let Some(Measure { since, accepted, flooded }) = self.measure else {
            self.fall(now, current);
            self.measure = begun;
            return;
        };
        let time = sent.saturating_duration_since(since).max(Duration::from_millis(1));
        let per_second = f64::from(accepted) / time.as_secs_f64();
        if accepted < ROUGH {
            // The next request was not accepted, so this is an upper bound of the server's rate.
            let most = f64::from(accepted + 1) / time.as_secs_f64();
            self.fall(now, current.min(most / BETA));
        } else if flooded {
            self.stay(now, now, per_second);
            self.measure = begun;
        } else if accepted < GOOD.0 || time < GOOD.1.max((now - sent) * EVEN) {
            self.stay(now, now, per_second);
        } else {
            // One of them may have used the remainder that was in the server's bucket at the start.
            self.stay(now + STANDS, now, SHARE * f64::from(accepted - 1) / time.as_secs_f64());
            self.tokens = -self.per_second * HEAD_START.as_secs_f64();
            // The server's bucket refills from here on, which ends the measure.
            self.measure = None;
        }
    }

    /// Lowers the rate to [`BETA`] of `from`; the curve then leads back to `from`.
    fn fall(&mut self, now: Instant, from: f64) {
        let from = from.max(SLOWEST);
        self.curve = Curve { begins: now, level: from, flat_at: (from * (1.0 - BETA) / SCALE).cbrt() };
        self.set(now, (from * BETA).max(SLOWEST));
    }

    /// Holds the rate at `level` until `until`.
    fn stay(&mut self, until: Instant, now: Instant, level: f64) {
        self.curve = Curve { begins: until, level, flat_at: 0.0 };
        self.set(now, level);
    }

    fn set(&mut self, now: Instant, per_second: f64) {
        self.fill(now);
        self.per_second = per_second;
        self.tokens = self.tokens.min(self.capacity());
    }

    fn fill(&mut self, now: Instant) {
        let more = now.saturating_duration_since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + more).min(self.capacity());
        self.filled = now;
    }

    /// The capacity of the bucket: the tokens of one second, at least one.
    fn capacity(&self) -> f64 {
        self.per_second.max(1.0)
    }
}

impl SendRateMeter {
    /// Counts a request that is sent now.
    pub(crate) fn count(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let time = now - since;
        if time >= Duration::from_millis(500) {
            let latest = f64::from(self.count) / time.as_secs_f64();
            self.smoothed = Some(self.smoothed.map_or(latest, |before| latest * SMOOTH + before * (1.0 - SMOOTH)));
            (self.since, self.count) = (Some(now), 0);
        }
        self.count += 1;
    }

    /// The send rate in requests per second.
    pub(crate) fn rate(&self, now: Instant) -> f64 {
        self.smoothed.unwrap_or_else(|| {
            let time = self.since.map_or(0.0, |since| (now - since).as_secs_f64());
            f64::from(self.count) / time.max(0.1)
        })
    }
}
