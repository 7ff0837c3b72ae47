//! The rate that a server allows, learned from which requests it throttles. Pure: the time is an argument.
//!
//! The rule is that of the "adaptive" retry mode of the AWS SDKs: a bucket of tokens whose rate of filling falls to 0.7 of
//! what was sent when a request is throttled, and grows again along a cubic curve. Alone, that rule never comes to rest:
//! it asks for more until it is throttled, again and again. So we also measure. A server that throttles has nothing left;
//! what it accepts from one throttled request to the next is therefore what it allows in that time. Once that is known
//! well enough it stands for a while, and nothing is throttled any more.

use std::time::Duration;

use tokio::time::Instant;

/// What remains of the rate after a throttled request, where nothing better is known.
const BETA: f64 = 0.7;
/// How steep the curve is, in requests per second for each second cubed.
const SCALE: f64 = 0.4;
/// How much the latest half second counts in what is measured.
const SMOOTH: f64 = 0.8;
/// The slowest rate that is guessed, per second.
const SLOWEST: f64 = 0.5;
/// How many accepted requests make a rough measure, which is an eighth off at most.
const ROUGH: u32 = 8;
/// How many, and in what time, make a good one.
const GOOD: (u32, Duration) = (50, Duration::from_secs(5));
/// The time must also be so many times as long as an answer takes, since answers come as unevenly as that.
const EVEN: u32 = 20;
/// How much of a good measure is used: less than all, so that the server never runs empty again.
const SHARE: f64 = 0.98;
/// What the server gets ahead by when a good measure begins to stand.
const HEAD_START: Duration = Duration::from_millis(250);
/// How long a good measure stands before more is tried.
const STANDS: Duration = Duration::from_secs(300);

/// A bucket of tokens, and how its rate moves.
#[derive(Debug)]
pub(crate) struct AdaptiveRate {
    per_second: f64,
    tokens: f64,
    filled: Instant,
    curve: Curve,
    measure: Option<Measure>,
}

/// How the rate grows: from `begins`, slowly towards `level`, which it reaches after `flat_at` seconds, then faster.
#[derive(Debug)]
struct Curve {
    begins: Instant,
    level: f64,
    flat_at: f64,
}

/// What was accepted since the server had nothing left. It counts while requests wait for tokens; where they do not,
/// the server may have saved some up.
#[derive(Debug, Clone, Copy)]
struct Measure {
    /// When the request was sent that the server had nothing left for.
    since: Instant,
    accepted: u32,
    /// Whether so many were sent at the time that it is not clear which of them came first.
    flooded: bool,
}

/// How many requests are sent in a second, smoothed.
#[derive(Debug, Default)]
pub(crate) struct SendRateMeter {
    since: Option<Instant>,
    count: u32,
    smoothed: Option<f64>,
}

impl AdaptiveRate {
    /// What is known when the first request was throttled, while `measured` requests a second were sent.
    pub(crate) fn learned(now: Instant, measured: f64) -> Self {
        let curve = Curve { begins: now, level: measured, flat_at: 0.0 };
        let mut rate = Self { per_second: measured, tokens: 0.0, filled: now, curve, measure: None };
        rate.fall(now, measured);
        rate.measure = Some(Measure { since: now, accepted: 0, flooded: true });
        rate
    }

    /// Takes a token, or says when there may be one.
    pub(crate) fn try_acquire(&mut self, now: Instant, held_back: bool) -> Result<(), Instant> {
        self.fill(now);
        if self.tokens < 1.0 {
            // Never less than the clock can tell apart, or the wait would be over before there is a token.
            let wait = ((1.0 - self.tokens) / self.per_second).max(0.001);
            return Err(now + Duration::from_secs_f64(wait));
        }
        if !held_back && self.tokens > self.capacity() - 1.0 {
            self.measure = None;
        }
        self.tokens -= 1.0;
        Ok(())
    }

    /// A request that was sent then was carried out.
    pub(crate) fn accepted(&mut self, sent: Instant, now: Instant, measured: f64) {
        if let Some(measure) = &mut self.measure
            && sent >= measure.since
        {
            measure.accepted += 1;
        }
        let Some(along) = now.checked_duration_since(self.curve.begins) else { return };
        let grown = SCALE * (along.as_secs_f64() - self.curve.flat_at).powi(3) + self.curve.level;
        // More than twice what is sent is never tried; what is not used does not shrink.
        self.set(now, grown.min(2.0 * measured).max(self.per_second));
    }

    /// A request that was sent then was throttled, after those that were in flight when the last one was.
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
            // One more was not accepted, so the server allows less than this.
            let most = f64::from(accepted + 1) / time.as_secs_f64();
            self.fall(now, current.min(most / BETA));
        } else if flooded {
            self.stay(now, now, per_second);
            self.measure = begun;
        } else if accepted < GOOD.0 || time < GOOD.1.max((now - sent) * EVEN) {
            self.stay(now, now, per_second);
        } else {
            // One of them may have been let in by what was left over at the start.
            self.stay(now + STANDS, now, SHARE * f64::from(accepted - 1) / time.as_secs_f64());
            self.tokens = -self.per_second * HEAD_START.as_secs_f64();
            // From here on the server saves up.
            self.measure = None;
        }
    }

    /// Falls to a share of `from`, which is where the curve then leads back to.
    fn fall(&mut self, now: Instant, from: f64) {
        let from = from.max(SLOWEST);
        self.curve = Curve { begins: now, level: from, flat_at: (from * (1.0 - BETA) / SCALE).cbrt() };
        self.set(now, (from * BETA).max(SLOWEST));
    }

    /// Stays at `level` until then.
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

    /// A second's worth.
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

    /// How many are sent in a second.
    pub(crate) fn rate(&self, now: Instant) -> f64 {
        self.smoothed.unwrap_or_else(|| {
            let time = self.since.map_or(0.0, |since| (now - since).as_secs_f64());
            f64::from(self.count) / time.max(0.1)
        })
    }
}
