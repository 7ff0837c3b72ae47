//! The settings of a client. Reads neither environment nor flags; the caller passes both.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::AuthContext;

/// A snapshot of the environment variables.
pub type Environment = BTreeMap<String, String>;

/// The settings of a client.
#[derive(Clone)]
pub struct Settings {
    /// Auth contexts by provider; a provider without one uses that of its definition, else its default chain.
    pub auth: BTreeMap<String, AuthContext>,
    /// A snapshot of the environment variables.
    pub environment: Environment,
    /// Scope values from flags, by provider and scope.
    pub scope_defaults: BTreeMap<(String, String), String>,
    /// An endpoint URL that overrides those of all services.
    pub endpoint_url: Option<String>,
    /// The time limit of one attempt.
    pub request_timeout: Duration,
    /// A PEM file of certificates to trust in addition to those of the system.
    pub ca_bundle: Option<PathBuf>,
    /// Whether any server certificate is accepted, without verification.
    pub allow_insecure: bool,
    /// The maximum number of attempts per request, unless the provider definition or a profile has another.
    pub max_attempts: u32,
    /// The maximum number of requests in flight to one host; it is lower while the host is overloaded.
    pub concurrency_limit: usize,
    /// The maximum number of requests in flight to all hosts; it is lower if the system limits the number of open files.
    pub total_concurrency_limit: usize,
    /// The longest time that a request waits for a limit that the server declared; if the limit lasts longer, the request
    /// fails at once.
    pub longest_wait: Duration,
    /// The proxy for all requests, instead of those of the environment and the system.
    pub proxy: Option<String>,
    /// Whether provider definitions may run local programs.
    pub allow_local_exec: bool,
    /// Whether error messages that scripts depend on are those of the Go implementation.
    pub compat: bool,
}

/// Prints only the names of the environment variables, and no proxy, since these may hold secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("auth", &self.auth)
            .field("environment", &self.environment.keys())
            .field("scope_defaults", &self.scope_defaults)
            .field("request_timeout", &self.request_timeout)
            .field("ca_bundle", &self.ca_bundle)
            .field("allow_insecure", &self.allow_insecure)
            .field("max_attempts", &self.max_attempts)
            .field("concurrency_limit", &self.concurrency_limit)
            .field("total_concurrency_limit", &self.total_concurrency_limit)
            .field("longest_wait", &self.longest_wait)
            .field("allow_local_exec", &self.allow_local_exec)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auth: BTreeMap::new(),
            environment: Environment::new(),
            scope_defaults: BTreeMap::new(),
            endpoint_url: None,
            request_timeout: Duration::from_secs(45),
            ca_bundle: None,
            allow_insecure: false,
            max_attempts: 4,
            concurrency_limit: 32,
            total_concurrency_limit: 100,
            longest_wait: Duration::from_secs(300),
            proxy: None,
            allow_local_exec: false,
            compat: false,
        }
    }
}

/// Why the settings are invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// The auth contexts have the wrong form. The message omits the text, since it may hold secrets.
    #[error(
        "the auth contexts are neither JSON nor YAML of the form {{\"<provider>\": {{\"type\": …}}}}; check the value of --auth"
    )]
    Auth,
    /// The certificates cannot be read.
    #[error("cannot read the CA bundle {path}: {reason}; give a file of PEM certificates")]
    CaBundle {
        /// The file.
        path: String,
        /// The reason.
        reason: String,
    },
    /// The proxy of the settings is not a valid URL.
    #[error("the proxy address is not a URL; give one like http://proxy.example:3128")]
    Proxy,
    /// The proxy of an environment variable cannot be used.
    #[error("{variable} is not the address of an HTTP proxy; give one like http://proxy.example:3128, or unset it")]
    ProxyVariable {
        /// The name of the variable.
        variable: String,
    },
    /// The connection pool cannot be built.
    #[error("cannot set up the HTTP client: {0}")]
    Http(String),
}
