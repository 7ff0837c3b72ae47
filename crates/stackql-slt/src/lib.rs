//! Golden-file tests of SQL against recorded APIs. This crate is never shipped.
//!
//! A [`World`] is a fake API: a transport that replays exchanges from files. A [`Database`] is a session over a world that
//! sqllogictest can drive. The suites in `suites/<world>/` state the expected results, and `tests/suites.rs` runs them.
#![expect(clippy::disallowed_methods, reason = "worlds are read from disk")]

mod database;
mod world;

pub use database::{Database, SuiteError};
pub use world::{World, WorldError};
