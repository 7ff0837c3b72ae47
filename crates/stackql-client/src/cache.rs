//! The response cache.

pub(crate) mod disk;
pub(crate) mod entry;
pub(crate) mod entry_format;
pub(crate) mod transport;
