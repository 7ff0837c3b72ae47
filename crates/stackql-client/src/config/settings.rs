//! What a client is made from. Reads neither environment nor flags itself; the caller passes both.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::AuthContext;

/// A snapshot of the environment variables.
pub type Environment = BTreeMap<String, String>;

/// What a client is made from.
#[derive(Clone)]
pub struct Settings {
    /// Authorisation by provider; a provider that is absent uses its default chain.
    pub auth: BTreeMap<String, AuthContext>,
    /// A snapshot of the environment variables.
    pub environment: Environment,
    /// Scope values from flags, by provider and scope.
    pub scope_defaults: BTreeMap<(String, String), String>,
    /// One address for every service.
    pub endpoint_url: Option<String>,
    /// How long one attempt may take.
    pub request_timeout: Duration,
    /// Certificates to trust beside those of the system, PEM.
    pub ca_bundle: Option<PathBuf>,
    /// Whether any certificate is accepted.
    pub allow_insecure: bool,
    /// How often a request is sent at most.
    pub max_attempts: u32,
    /// How many requests may be in flight to one host; fewer are while it is overloaded.
    pub concurrency_limit: usize,
    /// How many requests may be in flight altogether; fewer are where the system lets few files be open.
    pub total_concurrency_limit: usize,
    /// How long a request waits until the provider allows it; where that is later, it fails at once.
    pub longest_wait: Duration,
    /// The proxy for every request, instead of the system's.
    pub proxy: Option<String>,
    /// Whether definitions may run programs of this machine.
    pub allow_local_exec: bool,
    /// Whether what went wrong is told as the Go program tells it, where scripts depend on it.
    pub compat: bool,
}

/// Environment values and the proxy may hold secrets: only names are shown.
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

/// Why no client can be made from the settings.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// The auth contexts have the wrong form. The text is not shown, since it may hold secrets.
    #[error(
        "the auth contexts are neither JSON nor YAML of the form {{\"<provider>\": {{\"type\": …}}}}; check the value of --auth"
    )]
    Auth,
    /// The certificates cannot be read.
    #[error("cannot read the CA bundle {path}: {reason}; give a file of PEM certificates")]
    CaBundle {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The proxy's address is wrong.
    #[error("the proxy address is not a URL; give one like http://proxy.example:3128")]
    Proxy,
    /// The proxy that a variable names cannot be used.
    #[error("{variable} is not the address of an HTTP proxy; give one like http://proxy.example:3128, or unset it")]
    ProxyVariable {
        /// The variable.
        variable: String,
    },
    /// The pool cannot be made.
    #[error("cannot set up the HTTP client: {0}")]
    Http(String),
}
