//! The production `Transport`: connection pools, endpoints, credentials, signing, retries, rate limits and the response cache.
//! It also runs local commands and database queries for providers that are defined by those, and installs providers from a
//! remote registry.
//!
//! Takes a `stackql_call::Request` and returns its `Response`, which the engine obtains through the `Transport` trait. Encoding
//! requests and decoding responses is the job of `stackql-call`. Apart from the readers of source formats, this is the only
//! crate that names the vendor of a signing scheme.

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
