//! Compiles the retry policy of requests: `config.retry`. Owns its defaults.

use std::str::FromStr;

use stackql_provider::Retry;

use super::config::Config;
use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;

const METHODS: [&str; 2] = ["GET", "HEAD"];
const STATUSES: [u16; 5] = [408, 429, 502, 503, 504];

/// The retry policy of the nearest configuration.
pub(super) fn compile(config: &Config<'_>, problems: &mut Vec<Diagnostic>) -> Option<Retry> {
    let at = config.get("retry")?;
    let conditions = at.get("retryable_conditions");
    let statuses = conditions.and_then(|at| at.get("status_codes")).map(|at| at.items());
    let statuses = statuses.map(|items| items.filter_map(|item| number(item, "status_codes", problems)).collect());
    let methods = at.get("retryable_methods").map(|at| at.items().filter_map(NodeRef::scalar));
    let methods = methods.map(|names| names.map(str::to_uppercase).collect());
    Some(Retry {
        attempts: part(at, "max_attempts", problems).unwrap_or(3),
        first_wait: part(at, "initial_delay_ms", problems).unwrap_or(500),
        factor: part(at, "multiplier", problems).unwrap_or(2.0),
        longest_wait: part(at, "max_delay_ms", problems).unwrap_or(10_000),
        jitter: part(at, "jitter_fraction", problems).unwrap_or(0.0),
        http_methods: methods.unwrap_or_else(|| METHODS.map(str::to_owned).to_vec()),
        statuses: statuses.unwrap_or_else(|| STATUSES.to_vec()),
    })
}

fn part<T: FromStr>(at: NodeRef<'_>, key: &str, problems: &mut Vec<Diagnostic>) -> Option<T> {
    number(at.get(key)?, key, problems)
}

fn number<T: FromStr>(at: NodeRef<'_>, key: &str, problems: &mut Vec<Diagnostic>) -> Option<T> {
    let read = at.scalar()?.trim().parse().ok();
    if read.is_none() {
        let what = format!("retry: {key} is no number that fits, so it does not count");
        problems.push(Diagnostic::new(at.place(), &what, "write a number"));
    }
    read
}
