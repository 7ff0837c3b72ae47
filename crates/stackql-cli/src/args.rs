//! Command-line arguments, the configuration file, and the help.

pub(crate) mod config_file;
pub(crate) mod flags;
pub(crate) mod groups;
pub(crate) mod help;
pub(crate) mod ignored_flags;
pub(crate) mod unquoted_objects;
