//! Protocols other than HTTP: local commands and databases.

pub(crate) mod command;
pub(crate) mod database;
pub(crate) mod path_lookup;
