//! Client-side rate limiting: permits per host and per key, by what servers declare and by what throttling shows.

pub(crate) mod adaptive_rate;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod key_limiter;
pub(crate) mod limiter;
