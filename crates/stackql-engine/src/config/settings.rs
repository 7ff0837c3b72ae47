//! Session settings, which `SET` changes: how the statements that follow are executed.

use std::collections::BTreeMap;
use std::time::Duration;

use stackql_provider::names::{did_you_mean, fold, nearest};
use stackql_provider::{Definitions, ErrorRules};

use crate::error::Error;

/// The settings of a session, as a snapshot at the start of a statement.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SessionSettings {
    /// `on_error`: the first failed call ends the statement.
    pub(crate) fail_fast: bool,
    /// `ignore_errors`: codes and statuses of faults that count as no rows; `*` matches any characters.
    pub(crate) ignored: Vec<String>,
    /// `max_calls`: the maximum number of calls per statement.
    pub(crate) max_calls: Option<u64>,
    /// `statement_timeout`: the time limit of a statement.
    pub(crate) timeout: Option<Duration>,
    /// `cache_ttl`: the maximum age of a cached response; `None` is the value of the session option.
    pub(crate) cache_ttl: Option<Duration>,
    /// `provider`: the default provider of names without one.
    pub(crate) provider: Option<String>,
    /// Defaults of parameters that a statement does not bind, by provider and parameter.
    defaults: BTreeMap<(String, String), String>,
}

const NAMES: [&str; 6] = ["cache_ttl", "ignore_errors", "max_calls", "on_error", "provider", "statement_timeout"];

impl SessionSettings {
    /// Changes a setting; the value `DEFAULT` resets it to the session's initial one.
    ///
    /// # Errors
    ///
    /// The setting or provider is unknown, or the setting does not accept the value.
    pub(crate) fn set(&mut self, definitions: &dyn Definitions, name: &str, value: &str) -> Result<(), Error> {
        let unfit = |what: &str| Error::invalid(format!("{name} takes {what}, not '{value}'"));
        let time = || duration(value).ok_or_else(|| unfit("a time such as '30s', or milliseconds"));
        let is_default = value.eq_ignore_ascii_case("default");
        if let Some((provider, parameter)) = name.trim_matches('"').split_once('.') {
            let key = (definitions.provider(provider)?.name.clone(), parameter.to_owned());
            match is_default {
                true => self.defaults.remove(&key),
                false => self.defaults.insert(key, value.to_owned()),
            };
            return Ok(());
        }
        let start = Self::default();
        match name.to_ascii_lowercase().as_str() {
            "on_error" => {
                self.fail_fast = match value.to_ascii_lowercase().as_str() {
                    "fail" => true,
                    "skip" | "default" => false,
                    _ => return Err(unfit("'fail' or 'skip'")),
                }
            }
            "ignore_errors" if is_default => self.ignored = start.ignored,
            "ignore_errors" => {
                let codes = value.split(',').map(str::trim).filter(|code| !code.is_empty());
                self.ignored = codes.map(str::to_owned).collect();
            }
            "max_calls" if is_default => self.max_calls = start.max_calls,
            "max_calls" => self.max_calls = Some(value.parse().map_err(|_| unfit("a whole number"))?),
            "provider" if is_default => self.provider = start.provider,
            "provider" => self.provider = Some(definitions.provider(value)?.name.clone()),
            "statement_timeout" if is_default => self.timeout = start.timeout,
            "statement_timeout" => self.timeout = Some(time()?).filter(|limit| !limit.is_zero()),
            "cache_ttl" if is_default => self.cache_ttl = start.cache_ttl,
            "cache_ttl" => self.cache_ttl = Some(time()?),
            _ => return Err(unknown(name)),
        }
        Ok(())
    }

    /// The value of a setting, in the form that [`Self::set`] accepts.
    ///
    /// # Errors
    ///
    /// The setting or provider is unknown.
    pub(crate) fn get(&self, definitions: &dyn Definitions, name: &str) -> Result<String, Error> {
        if let Some((provider, parameter)) = name.trim_matches('"').split_once('.') {
            let provider = definitions.provider(provider)?;
            return Ok(self.parameter_default(&provider.name, parameter).unwrap_or("default").to_owned());
        }
        let seconds = |d: Duration| format!("{}s", d.as_secs_f64());
        Ok(match name.to_ascii_lowercase().as_str() {
            "on_error" => if self.fail_fast { "fail" } else { "skip" }.to_owned(),
            "ignore_errors" => self.ignored.join(", "),
            "max_calls" => self.max_calls.map_or_else(|| "default".to_owned(), |most| most.to_string()),
            "provider" => self.provider.clone().unwrap_or_else(|| "default".to_owned()),
            "statement_timeout" => seconds(self.timeout.unwrap_or_default()),
            "cache_ttl" => self.cache_ttl.map_or_else(|| "default".to_owned(), seconds),
            _ => return Err(unknown(name)),
        })
    }

    /// The settings that differ from the initial ones, with values in the form that [`Self::set`] accepts.
    ///
    /// # Errors
    ///
    /// None in practice: all these settings are known.
    pub(crate) fn changes(&self, definitions: &dyn Definitions) -> Result<Vec<(String, String)>, Error> {
        let start = Self::default();
        let mut changes = Vec::new();
        for name in NAMES {
            let value = self.get(definitions, name)?;
            if value != start.get(definitions, name)? {
                changes.push((name.to_owned(), value));
            }
        }
        let defaults = self.defaults.iter();
        changes.extend(defaults.map(|((provider, name), value)| (format!("{provider}.{name}"), value.clone())));
        Ok(changes)
    }

    /// Prepends the default provider to a name that has exactly one part less than `parts`.
    pub(crate) fn qualify(&self, mut name: Vec<String>, parts: usize) -> Vec<String> {
        if let Some(provider) = self.provider.as_ref().filter(|_| name.len() + 1 == parts) {
            name.insert(0, provider.clone());
        }
        name
    }

    /// A copy with which scans bypass the response cache.
    pub(crate) fn bypassing_cache(self) -> Self {
        Self { cache_ttl: Some(Duration::ZERO), ..self }
    }

    /// The parameter defaults of a provider, as name and value.
    pub(crate) fn defaults<'a>(&'a self, provider: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let own = self.defaults.iter().filter(move |((p, _), _)| p == provider);
        own.map(|((_, parameter), value)| (parameter.as_str(), value.as_str()))
    }

    /// The default of a parameter; its name is compared ignoring case and underscores.
    pub(crate) fn parameter_default<'a>(&'a self, provider: &'a str, parameter: &str) -> Option<&'a str> {
        self.defaults(provider).find(|(own, _)| fold(own) == fold(parameter)).map(|(_, value)| value)
    }

    /// Whether a fault with this code and status counts as no rows.
    pub(crate) fn ignores(&self, code: &str, status: u16) -> bool {
        ErrorRules::any(&self.ignored, code) || ErrorRules::any(&self.ignored, &status.to_string())
    }
}

fn unknown(name: &str) -> Error {
    let meant = did_you_mean(nearest(name, NAMES.into_iter()));
    Error::InvalidStatement {
        message: format!("there is no setting '{name}'{meant}"),
        hint: Some(format!(
            "settings are {}, and \"provider.parameter\" for what statements leave out",
            NAMES.join(", ")
        )),
    }
}

/// Parses a duration: a number with the unit `ms`, `s`, `m`, `min` or `h`; without a unit it is milliseconds.
///
/// Returns `None` if the text is not such a duration.
///
/// ```
/// # use std::time::Duration;
/// assert_eq!(stackql_engine::duration("1.5min"), Some(Duration::from_secs(90)));
/// assert_eq!(stackql_engine::duration("soon"), None);
/// ```
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, named) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let seconds = match named.trim() {
        "" | "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * seconds).ok()
}
