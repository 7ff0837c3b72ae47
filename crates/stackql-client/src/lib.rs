//! The real `Transport`: connection pools, endpoints, credentials, signing, retries, rate limits and the response cache; local
//! commands and databases for definitions of those.
//!
//! Owns how a request reaches its provider and how its response comes back. Does not encode requests or decode responses; that
//! is `stackql-call`. The one crate, beside the readers of source formats, that names a signing scheme's vendor.

#![expect(
    clippy::disallowed_methods,
    reason = "this crate is the rim: it sends, keeps time and reads credential files"
)]

mod auth;
pub(crate) mod cache;
mod carrier;
pub(crate) mod config;
pub(crate) mod credentials;
mod digest;
pub(crate) mod http;
pub(crate) mod local;
mod proxies;
pub(crate) mod rate_limit;
pub(crate) mod record;
pub(crate) mod registry;
#[cfg(test)]
mod world;

pub use crate::auth::context::{AuthContext, auth_contexts};
pub use crate::record::replay::ReplayTransport;
pub use crate::registry::config::RegistryConfig;
pub use crate::registry::index::sort_versions;
pub use cache::transport::{CachingTransport, CallerIdentity};
pub use config::settings::{Environment, Settings, SettingsError};
pub use config::structured_flag::structured;
pub use http::client::Client;
pub use record::har::HarTransport;
pub use record::recording::{RecordingError, RecordingTransport};
pub use registry::local_versions::installed_versions;
pub use registry::remote::RemoteRegistry;
