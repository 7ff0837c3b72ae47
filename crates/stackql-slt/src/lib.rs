//! Golden suites, worlds, runner (never shipped).
//!
//! A [`World`] is a pretended API kept as files; a [`Database`] is a session over it, as sqllogictest drives it. The
//! suites below `suites/<world>/` say what SQL must do there, and `tests/suites.rs` runs them.
#![expect(clippy::disallowed_methods, reason = "worlds are read from disk")]

mod database;
mod world;

pub use database::{Database, SuiteError};
pub use world::{World, WorldError};
