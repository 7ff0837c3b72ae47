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
mod caching;
mod carrier;
mod client;
mod command;
mod credentials;
mod database;
mod endpoint;
mod fingerprint;
mod flag;
mod governor;
mod har;
mod profile;
mod programs;
mod proxies;
mod recording;
mod registry;
mod settings;
mod signing;
mod sources;
#[cfg(test)]
mod world;

pub use auth::{AuthContext, auth_contexts};
pub use caching::{CachingTransport, CallerIdentity};
pub use client::Client;
pub use flag::structured;
pub use har::HarTransport;
pub use recording::{RecordingError, RecordingTransport, ReplayTransport};
pub use registry::{RegistryConfig, RemoteRegistry, installed, sort_versions};
pub use settings::{Environment, Settings, SettingsError};
