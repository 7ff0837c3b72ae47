//! Client-side rate limits.

pub(crate) mod adaptive_rate;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod key_limiter;
pub(crate) mod limiter;
