//! HTTP: the client, its retries, and who a call is made by.

pub(crate) mod caller_identity;
pub(crate) mod client;
pub(crate) mod rate_key;
pub(crate) mod url;
