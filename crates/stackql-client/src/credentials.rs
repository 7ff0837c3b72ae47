//! Credentials of signed requests: their sources, the profile that configures them, and the signature.

pub(crate) mod profile;
pub(crate) mod signing;
pub(crate) mod source;
pub(crate) mod sources;
