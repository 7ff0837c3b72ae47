//! Token bucket rate limiter: each request takes a token, and tokens are refilled over time.

use std::time::{Duration, Instant};

/// The bucket; initially full.
#[derive(Debug)]
pub(crate) struct Bucket {
    capacity: f64,
    per_second: f64,
    tokens: f64,
    filled: Option<Instant>,
}

impl Bucket {
    /// A bucket with this capacity and refill rate per second.
    pub(crate) fn new(capacity: f64, per_second: f64) -> Self {
        Self { capacity, per_second, tokens: capacity, filled: None }
    }

    /// Takes a token; `Err` holds the time until one is available.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let since = self.filled.map_or(Duration::ZERO, |filled| now.saturating_duration_since(filled));
        self.filled = Some(now);
        self.tokens = (self.tokens + since.as_secs_f64() * self.per_second).min(self.capacity);
        if self.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second));
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
