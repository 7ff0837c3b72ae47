//! HTTP: the client with its retries, request URLs, rate-limit keys and caller identities.

pub(crate) mod caller_identity;
pub(crate) mod client;
pub(crate) mod rate_key;
pub(crate) mod url;
