//! Providers and services: metadata, scopes, endpoints, authentication and error rules that all their resources share.
//! The resources themselves are in [`crate::Resource`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Endpoints, ResourceEntry};

/// One version of a provider, with the index of its services. It is the head of a compiled file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Provider {
    /// The catalog name in SQL.
    pub name: String,
    /// A semantic version with a leading `v`.
    pub version: String,
    /// Human-readable title.
    pub title: String,
    /// Human-readable description; empty in fact-only definitions.
    pub description: String,
    /// The scopes of the provider: dimensions such as the region, for each member of which a call can be made.
    pub scopes: Vec<Scope>,
    /// Classification of the provider's error codes.
    pub errors: ErrorRules,
    /// Minimum version of the StackQL program that the documents require; `None` if they state none.
    pub minimum_version: Option<String>,
    /// The services, sorted by name.
    pub services: Vec<ServiceEntry>,
}

impl Provider {
    /// The warning to show after the provider is installed: its minimum program version is later than this program's version.
    /// `None` if this program is recent enough or the provider states no minimum version.
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

/// Major, minor and patch number of a version. A missing part, or one that is not a number, is 0.
fn parts(version: &str) -> Vec<u64> {
    let numbers = version.trim().trim_start_matches('v').split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    let mut numbers: Vec<u64> = numbers.take(3).collect();
    numbers.resize(3, 0);
    numbers
}

/// One service in the index of a provider: the columns of `SHOW SERVICES`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceEntry {
    /// The schema name in SQL.
    pub name: String,
    /// The version of the service's definition, such as its API date.
    pub version: String,
    /// Human-readable title.
    pub title: String,
}

/// A service: endpoints, authentication and metadata that its resources share, and the index of these resources.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The schema name in SQL.
    pub name: String,
    /// The version of the service's definition, such as its API date.
    pub version: String,
    /// Human-readable title.
    pub title: String,
    /// Human-readable description; empty in fact-only definitions.
    pub description: String,
    /// The endpoints that requests are sent to.
    pub endpoints: Endpoints,
    /// How requests are authenticated.
    pub auth: Auth,
    /// The resources, sorted by name.
    pub resources: Vec<ResourceEntry>,
}

/// How requests of a service are authenticated unless the user configures another auth context.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auth {
    /// The authentication scheme: one of the values of `type` in an `--auth` context.
    pub scheme: String,
    /// The service name in the signature, for schemes that sign requests.
    pub signing_name: Option<String>,
    /// The default auth context of the definitions, as JSON text. It names the environment variables and files that hold the
    /// credentials.
    pub context: Option<String>,
}

/// A scope: a dimension such as account, project or region that selects where a call is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Name of the parameter, and of the column, that holds the scope's value.
    pub name: String,
    /// Environment variables that hold the default value; the first one that is set wins.
    pub environment: Vec<String>,
    /// The value if neither the statement, a flag, the environment nor the profile sets one.
    pub default: Option<String>,
    /// The resource column that lists all members. The scope wildcard `'*'` expands to its values.
    pub members: Option<Members>,
}

/// Where the members of a scope are listed: a column of a resource of the same provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// The service of the listing resource.
    pub service: String,
    /// The listing resource.
    pub resource: String,
    /// The column that holds the name of the member.
    pub column: String,
}

/// Classification of a provider's error codes. A pattern matches a whole code, case-sensitively; `*` matches any
/// sequence of characters, also an empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRules {
    /// Codes that mean the object does not exist: a point lookup then returns zero rows.
    pub not_found: Vec<String>,
    /// Codes that mean the rate limit was exceeded: the request is retried after a backoff.
    pub throttled: Vec<String>,
    /// Codes that mean the request's timestamp was rejected: the client adopts the server's clock and retries once.
    pub clock_skew: Vec<String>,
    /// Codes that mean the credentials were rejected.
    pub unauthorized: Vec<String>,
    /// Codes that mean the request was a dry run and would have succeeded.
    pub dry_run: Vec<String>,
    /// Hints for the user, by code; the first match wins.
    pub hints: Vec<Hint>,
}

/// Advice for the user on an error code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The pattern of the codes that the hint applies to.
    pub code: String,
    /// What to do, as a clause without a period.
    pub text: String,
}

/// Prints the scheme only: the context may contain a secret, such as the password of a database.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl ErrorRules {
    /// The first hint whose pattern matches `code`.
    pub fn hint(&self, code: &str) -> Option<&str> {
        self.hints.iter().find(|h| code_matches(&h.code, code)).map(|h| h.text.as_str())
    }

    /// Whether `code` matches any of `patterns`.
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
