//! How often a request is sent, and how long is waited in between: as the definitions say, else as is usual here.

use std::time::Duration;

use backon::BackoffBuilder;
use stackql_call::Request;
use stackql_provider::Retry;

/// The attempts at one request that are left.
pub(super) enum Retries<'a> {
    /// As the definitions say.
    Stated {
        policy: &'a Retry,
        most: u32,
        made: u32,
    },
    Usual(backon::ExponentialBackoff),
}

impl<'a> Retries<'a> {
    /// Those of a request of which nothing was sent yet. `most`: how often it is sent at most, where the user says it;
    /// `usual`: where nobody does.
    pub(super) fn for_request(request: &'a Request, most: Option<u32>, usual: u32) -> Self {
        match &request.operation.method().retry {
            Some(policy) => Self::Stated { policy, most: most.unwrap_or(policy.attempts), made: 1 },
            None => Self::Usual(
                backon::ExponentialBuilder::default()
                    .with_min_delay(Duration::from_millis(200))
                    .with_max_delay(Duration::from_secs(20))
                    .with_jitter()
                    .with_max_times(most.unwrap_or(usual).saturating_sub(1) as usize)
                    .build(),
            ),
        }
    }

    /// Whether an answer is one behind which the request is sent again.
    pub(super) fn is_retried(&self, request: &Request, status: u16, throttled: bool) -> bool {
        match self {
            Self::Stated { policy, .. } => {
                let is_its = |method: &String| method.eq_ignore_ascii_case(&request.http_method);
                policy.statuses.contains(&status) && policy.http_methods.iter().any(is_its)
            }
            Self::Usual(_) => throttled || (status >= 500 && request.retryable),
        }
    }

    /// How long to wait before the next attempt; `None` where there is none.
    pub(super) fn next(&mut self) -> Option<Duration> {
        match self {
            Self::Stated { made, most, .. } if *made >= *most => None,
            Self::Stated { policy, made, .. } => {
                let wait = wait(policy, *made, fastrand::f64());
                *made += 1;
                Some(wait)
            }
            Self::Usual(waits) => waits.next(),
        }
    }
}

/// The wait behind so many attempts; `chance` is between 0 and 1.
fn wait(policy: &Retry, made: u32, chance: f64) -> Duration {
    let grown = policy.factor.max(0.0).powi(i32::try_from(made).unwrap_or(i32::MAX) - 1);
    let longest = policy.longest_wait as f64;
    let wait = (policy.first_wait as f64 * grown).clamp(0.0, longest);
    let moved = wait * (1.0 + policy.jitter.clamp(0.0, 1.0) * (2.0 * chance - 1.0));
    // What is no number, such as of a factor without an end, is as long as may be.
    let moved = if moved.is_nan() { longest } else { moved.clamp(0.0, longest) };
    Duration::from_millis(moved as u64)
}

#[cfg(test)]
mod tests;
