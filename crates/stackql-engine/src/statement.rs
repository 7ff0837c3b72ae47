//! The implementation of statements, one module for each kind. [`crate::Session`] dispatches to them.

pub(crate) mod auth;
pub(crate) mod default_provider;
pub(crate) mod describe;
pub(crate) mod explain;
pub(crate) mod insert_template;
pub(crate) mod listing;
pub(crate) mod local_objects;
pub(crate) mod purge;
pub(crate) mod registry;
pub(crate) mod show;
pub(crate) mod show_context;
pub(crate) mod show_filter;
pub(crate) mod transaction;
pub(crate) mod transaction_steps;
