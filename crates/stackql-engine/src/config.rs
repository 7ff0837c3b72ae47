//! Options of a session, its settings, and the namespaces of its response cache.

pub(crate) mod cache_namespace;
pub(crate) mod settings;
