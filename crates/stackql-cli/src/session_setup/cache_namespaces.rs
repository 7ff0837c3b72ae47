//! Which tables `--namespaces` keeps the answers of, and for how long.

use std::time::Duration;

use serde::Deserialize;
use stackql_engine::CacheNamespace;

use crate::args::ignored_flags::object;
use crate::exit::CliError;

/// The tables whose answers are kept, as `--namespaces` says.
pub(crate) fn analytics(flag: &str) -> Result<Option<CacheNamespace>, CliError> {
    let value = object("namespaces", flag).map_err(CliError::Message)?;
    let told = |e| {
        CliError::Message(format!("--namespaces takes analytics and views, each with ttl, regex and template: {e}"))
    };
    let Namespaces { analytics, views } = serde_json::from_value(value).map_err(told)?;
    views.map(|views| views.namespace("views")).transpose()?;
    analytics.map(|analytics| analytics.namespace("analytics")).transpose()
}

/// `--namespaces`. Of views nothing is kept, so what it says of theirs is only read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Namespaces {
    analytics: Option<OfTables>,
    views: Option<OfTables>,
}

/// Which tables, and for how long.
#[derive(Debug, Deserialize)]
struct OfTables {
    /// Seconds; for good where it is negative.
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
