//! What an answer's headers say about what is still allowed. Owns their forms; not what follows from them.
//!
//! Three families are read: `X-RateLimit-Limit`, `-Remaining` and `-Reset` in their spellings; `RateLimit` of the IETF's
//! draft, both as `limit=…, remaining=…, reset=…` and as `"name";r=…;t=…`; and `x-ms-ratelimit-remaining-…`. Limits
//! themselves and `RateLimit-Policy` say nothing that the remaining count does not. Beside these, `Retry-After`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stackql_call::Response;

const FAMILIES: [&str; 4] = ["x-ratelimit-", "x-rate-limit-", "ratelimit-", "x-ratelimit-requests-"];
const BY_KIND: &str = "x-ms-ratelimit-remaining-";
/// Numbers from here on are seconds since 1970, in this century; smaller ones are seconds from now.
const EPOCH: f64 = 1e9;
/// Numbers from here on are milliseconds since 1970.
const EPOCH_MILLISECONDS: f64 = 1e12;

/// What is still allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServerLimits {
    /// How many requests.
    pub(crate) remaining: Option<u64>,
    /// How long until there are more.
    pub(crate) reset: Option<Duration>,
    /// How long to wait in any case.
    pub(crate) retry_after: Option<Duration>,
}

impl ServerLimits {
    /// Reads an answer that came `now`. `refused` says whether it is one after which to wait: an operation that has
    /// only begun says by the same header when to look again.
    pub(crate) fn from_headers(response: &Response, refused: bool, now: SystemTime) -> Self {
        // The provider's clock, where it tells it, since its times are by that.
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

/// The counts of the draft's header: one list of `limit=…, remaining=…, reset=…`, or an item for each policy.
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

/// The number that a text begins with.
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
