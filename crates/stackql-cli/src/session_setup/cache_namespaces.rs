//! Parses `--namespaces`: the tables whose responses are cached, and their TTL.

use std::time::Duration;

use serde::Deserialize;
use stackql_engine::CacheNamespace;

use crate::args::ignored_flags::object;
use crate::exit::CliError;

/// The cache namespace for tables; `None` if the flag does not set one.
///
/// # Errors
///
/// A message if the value is not as documented.
pub(crate) fn analytics(flag: &str) -> Result<Option<CacheNamespace>, CliError> {
    let value = object("namespaces", flag).map_err(CliError::Message)?;
    let told = |e| {
        CliError::Message(format!("--namespaces takes analytics and views, each with ttl, regex and template: {e}"))
    };
    let Namespaces { analytics, views } = serde_json::from_value(value).map_err(told)?;
    views.map(|views| views.namespace("views")).transpose()?;
    analytics.map(|analytics| analytics.namespace("analytics")).transpose()
}

/// The value of `--namespaces`. Results of views are not cached, so their entry is only validated.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Namespaces {
    analytics: Option<OfTables>,
    views: Option<OfTables>,
}

/// The tables of a namespace and their TTL.
#[derive(Debug, Deserialize)]
struct OfTables {
    /// TTL in seconds; negative means that entries do not expire.
    ttl: i64,
    regex: String,
    template: String,
}

impl OfTables {
    fn namespace(self, key: &str) -> Result<CacheNamespace, CliError> {
        let ttl = u64::try_from(self.ttl).map_or(Duration::MAX, Duration::from_secs);
        CacheNamespace::new(&self.regex, &self.template, ttl)
            .map_err(|e| CliError::Message(format!("--namespaces, {key}: {e}")))
    }
}
