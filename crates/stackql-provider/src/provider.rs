//! A provider and its services. Owns what is true of all resources below them; not the resources themselves.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Endpoints, ResourceEntry};

/// One provider in one version: the head of a compiled file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Provider {
    /// The catalog name in SQL.
    pub name: String,
    /// A semantic version with a leading `v`.
    pub version: String,
    /// A title for people.
    pub title: String,
    /// A sentence for people; empty in fact-only definitions.
    pub description: String,
    /// The dimensions along which the same call can be made in several places, such as a region.
    pub scopes: Vec<Scope>,
    /// How the provider's error codes are to be read.
    pub errors: ErrorRules,
    /// The version of StackQL, the program, that the documents were written for at least.
    pub minimum_version: Option<String>,
    /// The services, sorted by name.
    pub services: Vec<ServiceEntry>,
}

impl Provider {
    /// What to tell whoever installs the provider: that it was written for a later version than this program's.
    pub fn notice(&self) -> Option<String> {
        const OWN: &str = env!("CARGO_PKG_VERSION");
        let Self { name, version, .. } = self;
        let minimum = self.minimum_version.as_deref()?;
        (parts(minimum) > parts(OWN)).then(|| {
            format!(
                "warning: installed {name} provider version '{version}' requires minimum stackql version '{minimum}', \
                 current stackql version is '{OWN}'"
            )
        })
    }
}

/// The numbers of a version; what is no number counts as none.
fn parts(version: &str) -> Vec<u64> {
    let numbers = version.trim().trim_start_matches('v').split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    let mut numbers: Vec<u64> = numbers.take(3).collect();
    numbers.resize(3, 0);
    numbers
}

/// One service in the index of a provider; enough for `SHOW SERVICES`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceEntry {
    /// The schema name in SQL.
    pub name: String,
    /// The version of the service's definition, such as its API date.
    pub version: String,
    /// A title for people.
    pub title: String,
}

/// A service: what its resources share.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The schema name in SQL.
    pub name: String,
    /// The version of the service's definition, such as its API date.
    pub version: String,
    /// A title for people.
    pub title: String,
    /// A sentence for people; empty in fact-only definitions.
    pub description: String,
    /// Where requests go.
    pub endpoints: Endpoints,
    /// How requests are authorised.
    pub auth: Auth,
    /// The resources, sorted by name.
    pub resources: Vec<ResourceEntry>,
}

/// How requests of a service are authorised when the user says nothing else.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auth {
    /// The kind of authorisation, one of the names that an `--auth` context takes as `type`.
    pub scheme: String,
    /// The name under which the service is signed for, where the scheme needs one.
    pub signing_name: Option<String>,
    /// The auth context that the definitions name, as JSON text: which variables and files hold what the scheme needs.
    pub context: Option<String>,
}

/// A dimension along which a call can be made in several places.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The name of the parameter, and so of the column, that carries it.
    pub name: String,
    /// Environment variables that name the default, first match wins.
    pub environment: Vec<String>,
    /// The value when neither statement, flag, environment nor profile has one.
    pub default: Option<String>,
    /// Where all members can be listed, which is what `'*'` stands for.
    pub members: Option<Members>,
}

/// Where the members of a scope can be listed: a column of a resource of the same provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// The service of the listing resource.
    pub service: String,
    /// The listing resource.
    pub resource: String,
    /// The column that holds the member's name.
    pub column: String,
}

/// How error codes of a provider are to be read. Patterns match a whole code; `*` stands for any characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRules {
    /// The thing asked for does not exist: a point look-up answers zero rows.
    pub not_found: Vec<String>,
    /// Too many requests: wait and repeat.
    pub throttled: Vec<String>,
    /// The request's clock was wrong: correct it by the server's and repeat once.
    pub clock_skew: Vec<String>,
    /// The credentials were refused.
    pub unauthorized: Vec<String>,
    /// A rehearsal was asked for and would have succeeded.
    pub dry_run: Vec<String>,
    /// What to tell the user to do, first match wins.
    pub hints: Vec<Hint>,
}

/// What to do about an error code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The pattern of codes it speaks of.
    pub code: String,
    /// What to do, a clause without a period.
    pub text: String,
}

/// Only the kind: a context may have a secret in it, such as the password of a database.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl ErrorRules {
    /// What the rules advise for `code`.
    pub fn hint(&self, code: &str) -> Option<&str> {
        self.hints.iter().find(|h| code_matches(&h.code, code)).map(|h| h.text.as_str())
    }

    /// Whether `code` matches one of `patterns`.
    pub fn any(patterns: &[String], code: &str) -> bool {
        patterns.iter().any(|p| code_matches(p, code))
    }
}

fn code_matches(pattern: &str, code: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = code.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Auth, Provider, code_matches};

    #[test]
    fn only_a_stated_version_is_told() {
        let mut provider = Provider { name: "mock".into(), version: "v1.0.0".into(), ..Provider::default() };
        assert_eq!(provider.notice(), None);
        provider.minimum_version = Some("99.6.5".into());
        let start =
            "warning: installed mock provider version 'v1.0.0' requires minimum stackql version '99.6.5', current ";
        assert!(provider.notice().is_some_and(|notice| notice.starts_with(start)));
        for earlier in ["0.0.1", "v0.0.9-beta", env!("CARGO_PKG_VERSION"), "", "latest"] {
            provider.minimum_version = Some(earlier.into());
            assert_eq!(provider.notice(), None, "{earlier}");
        }
    }

    #[test]
    fn what_a_context_says_is_not_printed() {
        let context = Some(r#"{"type": "basic", "password": "hush-hush"}"#.to_owned());
        let auth = Auth { scheme: "basic".into(), context, ..Auth::default() };
        assert_eq!(format!("{auth:?}"), r#"Auth { scheme: "basic", .. }"#);
    }

    #[test]
    fn codes_match_by_pattern() {
        assert!(code_matches("*.NotFound", "InvalidVpcID.NotFound"));
        assert!(code_matches("Throttling*", "ThrottlingException"));
        assert!(code_matches("A*B*C", "A1B2C"));
        assert!(!code_matches("A*B*C", "A1C2B"));
        assert!(!code_matches("Exact", "ExactNot"));
        assert!(code_matches("Exact", "Exact"));
    }
}
