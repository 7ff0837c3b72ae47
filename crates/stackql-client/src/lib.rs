//! The real Transport: one connection pool, endpoints, credentials, signing, retries; programs of this machine and
//! databases where definitions are about those.
//!
//! Owns how a request reaches its provider and comes back. Does not write requests nor read answers; that is
//! `stackql-call`. The one place, beside the readers of source formats, where a signing scheme's vendor is named.

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
