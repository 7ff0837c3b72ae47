//! Parses the rate-limit headers of a response into [`ServerLimits`], which the rate limiter applies.
//!
//! Three families are read: `X-RateLimit-Limit`, `-Remaining` and `-Reset` in their spellings; `RateLimit` of the IETF's
//! draft, both as `limit=…, remaining=…, reset=…` and as `"name";r=…;t=…`; and `x-ms-ratelimit-remaining-…`. The limits
//! themselves and `RateLimit-Policy` are ignored, since the remaining count suffices. `Retry-After` is read, too.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stackql_call::Response;

const FAMILIES: [&str; 4] = ["x-ratelimit-", "x-rate-limit-", "ratelimit-", "x-ratelimit-requests-"];
const BY_KIND: &str = "x-ms-ratelimit-remaining-";
/// A reset of at least this number is in seconds since 1970; a smaller one is in seconds from now.
const EPOCH: f64 = 1e9;
/// A reset of at least this number is in milliseconds since 1970.
const EPOCH_MILLISECONDS: f64 = 1e12;

/// The limits that a server declared in the headers of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServerLimits {
    /// The number of requests left in the current window.
    pub(crate) remaining: Option<u64>,
    /// The time until the window ends and the count is reset.
    pub(crate) reset: Option<Duration>,
    /// The `Retry-After` time, before which nothing may be sent.
    pub(crate) retry_after: Option<Duration>,
}

impl ServerLimits {
    /// Parses the headers of a response received at `now`. `Retry-After` counts only if `refused`, that is, the response is an
    /// error: in the response that starts a long-running operation, the same header is the poll interval.
    pub(crate) fn from_headers(response: &Response, refused: bool, now: SystemTime) -> Self {
        // The reset times are by the server's clock, which the `Date` header has.
        let now = response.header("date").and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
        let families = FAMILIES.iter().filter_map(|family| {
            let header = |part: &str| response.header(&format!("{family}{part}"));
            Some((count(header("remaining")?)?, header("reset").and_then(|reset| until(reset, now))))
        });
        let drafts = all(response, |name| name == "ratelimit").flat_map(draft);
        let by_kind = all(response, |name| name.starts_with(BY_KIND))
            .flat_map(|value| value.split(',').filter_map(|part| Some((count(part.rsplit(';').next()?)?, None))));
        let tightest = families.chain(drafts).chain(by_kind).min_by_key(|(remaining, _)| *remaining);
        let (remaining, reset) = tightest.map_or((None, None), |(remaining, reset)| (Some(remaining), reset));
        let retry_after = response.header("retry-after").filter(|_| refused);
        Self { remaining, reset, retry_after: retry_after.and_then(|value| after(value, now)) }
    }
}

fn all<'a>(response: &'a Response, named: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a str> {
    let named = move |name: &str| named(&name.to_ascii_lowercase());
    response.headers.iter().filter(move |(name, _)| named(name)).map(|(_, value)| value.as_str())
}

/// The remaining counts and resets of the `RateLimit` header: one list of `limit=…, remaining=…, reset=…`, or one item per
/// policy.
fn draft(value: &str) -> Vec<(u64, Option<Duration>)> {
    let member = |text: &str, names: [&str; 2]| {
        let pairs = text.split([',', ';']).filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(name, value)| (name.trim(), value))
            .find(|(name, _)| names.contains(name))
            .map(|(_, v)| v.to_owned())
    };
    let counts = |text: &str| {
        let remaining = count(&member(text, ["remaining", "r"])?)?;
        let reset = member(text, ["reset", "t"]).and_then(|t| t.trim().parse().ok()).map(Duration::from_secs);
        Some((remaining, reset))
    };
    if value.contains("remaining=") {
        counts(value).into_iter().collect()
    } else {
        value.split(',').filter_map(counts).collect()
    }
}

/// The number at the beginning of a text.
fn count(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).map_or(text, |end| &text[..end]);
    digits.parse().ok()
}

fn until(reset: &str, now: SystemTime) -> Option<Duration> {
    let number: f64 = reset.split([',', ';']).next()?.trim().parse().ok()?;
    let from_epoch = |seconds: f64| {
        let at = UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        Some(at.duration_since(now).unwrap_or_default())
    };
    match number {
        EPOCH_MILLISECONDS.. => from_epoch(number / 1000.0),
        EPOCH.. => from_epoch(number),
        _ => Duration::try_from_secs_f64(number).ok(),
    }
}

fn after(retry: &str, now: SystemTime) -> Option<Duration> {
    match retry.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(retry).ok()?.duration_since(now).ok(),
    }
}

#[cfg(test)]
mod tests;
