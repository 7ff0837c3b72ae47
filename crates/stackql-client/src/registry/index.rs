//! The index of a registry: parses its `providers.yaml`, and selects providers and versions by name. Pure.

use std::collections::BTreeMap;

use semver::{BuildMetadata, Prerelease, Version};
use serde::Deserialize;
use stackql_provider::names::{NameMatch, match_name, nearest};
use stackql_provider::{Published, RegistryError};

/// The index: the published providers of a registry with their versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    providers: Vec<Published>,
}

#[derive(Deserialize)]
struct Document {
    providers: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    versions: Vec<String>,
}

impl Index {
    /// Parses the document.
    ///
    /// # Errors
    ///
    /// The text is not an index, or a name in it is not valid as a part of a path.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let document: Document = yaml_serde::from_str(text).map_err(|e| e.to_string())?;
        let mut providers = Vec::new();
        for (provider, entry) in document.providers {
            for name in std::iter::once(&provider).chain(&entry.versions) {
                // The names become parts of URLs and file paths.
                if !is_plain(name) {
                    return Err(format!("'{}' is no name of a provider or version", name.escape_debug()));
                }
            }
            let mut versions = entry.versions;
            sort_versions(&mut versions);
            let stable = versions.iter().rfind(|v| parse(v).is_some_and(|v| v.pre.is_empty()));
            if let Some(latest) = stable.or(versions.last()).cloned() {
                providers.push(Published { provider, versions, latest, unavailable: None });
            }
        }
        Ok(Self { providers })
    }

    /// All providers that have a version.
    pub(crate) fn into_providers(self) -> Vec<Published> {
        self.providers
    }

    /// Looks up a provider by a name that a user typed.
    pub(crate) fn provider(&self, name: &str) -> Result<&Published, RegistryError> {
        let names = self.providers.iter().enumerate().map(|(i, p)| (i, p.provider.as_str()));
        match match_name(name, names.clone()) {
            NameMatch::One(i) => Ok(&self.providers[i]),
            NameMatch::Ambiguous(_) | NameMatch::None => Err(RegistryError::UnknownProvider {
                name: name.to_owned(),
                known: self.providers.iter().map(|p| p.provider.clone()).collect(),
                suggestion: nearest(name, names.map(|(_, n)| n)).map(str::to_owned),
            }),
        }
    }

    /// Looks up a version of a provider; the latest stable one if none is named.
    pub(crate) fn version<'a>(published: &'a Published, named: Option<&str>) -> Result<&'a str, RegistryError> {
        let Some(named) = named else {
            if parse(&published.latest).is_some_and(|v| !v.pre.is_empty()) {
                return Err(RegistryError::Configuration(format!(
                    "provider '{}' has no stable version; name one of: {}",
                    published.provider,
                    published.versions.join(", ")
                )));
            }
            return Ok(&published.latest);
        };
        let exact = published.versions.iter().find(|v| *v == named);
        // The leading `v` and leading zeros of numbers may be omitted.
        let same = || published.versions.iter().find(|v| parse(v).is_some() && parse(v) == parse(named));
        exact.or_else(same).map(String::as_str).ok_or_else(|| RegistryError::UnknownVersion {
            provider: published.provider.clone(),
            version: named.to_owned(),
            known: published.versions.clone(),
            suggestion: nearest(named, published.versions.iter().map(String::as_str)).map(str::to_owned),
        })
    }
}

/// Sorts versions in ascending order and removes duplicates.
pub fn sort_versions(versions: &mut Vec<String>) {
    versions.sort_by_key(|version| parse(version));
    versions.dedup();
}

/// Parses a version, with or without a leading `v`. Leading zeros of numbers are accepted: registries write them, though semver
/// forbids them. Missing minor and patch numbers are 0.
pub(crate) fn parse(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, build) = text.split_once('+').map_or((text, ""), |(t, b)| (t, b));
    let (numbers, pre) = text.split_once('-').map_or((text, ""), |(n, p)| (n, p));
    let mut numbers = numbers.split('.').map(str::parse::<u64>);
    let (Some(Ok(major)), minor, patch, None) = (numbers.next(), numbers.next(), numbers.next(), numbers.next()) else {
        return None;
    };
    let (minor, patch) = (minor.unwrap_or(Ok(0)).ok()?, patch.unwrap_or(Ok(0)).ok()?);
    let (pre, build) = (Prerelease::new(pre).ok()?, BuildMetadata::new(build).ok()?);
    Some(Version { major, minor, patch, pre, build })
}

/// Whether a name is valid as a path component on every system: ASCII letters, digits, `.`, `_`, `-` and `+`, not hidden.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && !name.ends_with('.') && name.chars().all(plain)
}

#[cfg(test)]
mod tests;
