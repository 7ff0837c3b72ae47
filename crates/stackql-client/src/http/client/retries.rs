//! Retry policy and backoff of a request: the policy of its provider definition, else the default one.

use std::time::Duration;

use backon::BackoffBuilder;
use stackql_call::Request;
use stackql_provider::Retry;

/// The remaining attempts of one request.
pub(super) enum Retries<'a> {
    /// By the policy of the provider definition.
    Stated {
        policy: &'a Retry,
        most: u32,
        made: u32,
    },
    Usual(backon::ExponentialBackoff),
}

impl<'a> Retries<'a> {
    /// The attempts of a request that has not been sent yet. `most` is the maximum number of attempts that the user configured;
    /// `usual` is the maximum if neither user nor definition has one.
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

    /// Whether the request is retried after a response of this status.
    pub(super) fn is_retried(&self, request: &Request, status: u16, throttled: bool) -> bool {
        match self {
            Self::Stated { policy, .. } => {
                let is_its = |method: &String| method.eq_ignore_ascii_case(&request.http_method);
                policy.statuses.contains(&status) && policy.http_methods.iter().any(is_its)
            }
            Self::Usual(_) => throttled || (status >= 500 && request.retryable),
        }
    }

    /// The backoff before the next attempt; `None` if no attempt is left.
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

/// The backoff after `made` attempts, with jitter; `chance` is a random number between 0 and 1.
fn wait(policy: &Retry, made: u32, chance: f64) -> Duration {
    let grown = policy.factor.max(0.0).powi(i32::try_from(made).unwrap_or(i32::MAX) - 1);
    let longest = policy.longest_wait as f64;
    let wait = (policy.first_wait as f64 * grown).clamp(0.0, longest);
    let moved = wait * (1.0 + policy.jitter.clamp(0.0, 1.0) * (2.0 * chance - 1.0));
    // NaN, such as from an infinite factor, becomes the longest wait.
    let moved = if moved.is_nan() { longest } else { moved.clamp(0.0, longest) };
    Duration::from_millis(moved as u64)
}

#[cfg(test)]
mod tests;
