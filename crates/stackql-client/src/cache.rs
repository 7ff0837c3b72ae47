//! The response cache: a transport that serves earlier responses, with its entries in memory and on disk.

pub(crate) mod disk;
pub(crate) mod entry;
pub(crate) mod entry_format;
pub(crate) mod transport;
