//! The subcommands.

#[cfg(feature = "sandbox")]
pub(crate) mod demo;
pub(crate) mod docs;
pub(crate) mod exec;
pub(crate) mod provider_build;
pub(crate) mod provider_check;
pub(crate) mod registry;
#[cfg(feature = "sandbox")]
pub(crate) mod sandbox;
pub(crate) mod shell;
pub(crate) mod txn;
pub(crate) mod version;
