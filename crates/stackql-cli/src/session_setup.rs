//! Creates a session from flags: providers, transport, stores and journals.

pub(crate) mod built_in_providers;
pub(crate) mod cache_namespaces;
pub(crate) mod connect;
pub(crate) mod http_log;
pub(crate) mod journal_files;
pub(crate) mod reloading_registry;
