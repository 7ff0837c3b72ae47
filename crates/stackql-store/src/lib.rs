//! Keeps what users make, views, materialized views and tables, in SQLite: in memory, or in a file that other programs read.
//!
//! Owns the file: what is in it, its versions, who may write to it when. Knows nothing of what a view's query means; names
//! and statements come from `stackql-engine`, whose [`Store`](stackql_engine::Store) this is.

#![expect(clippy::disallowed_methods, reason = "this crate is the rim: it makes the folder of its file")]

mod aside;
mod backend;
mod cell;
mod database;
mod failure;
mod fence;
mod making;
mod name;
mod native;
mod objects;
mod reading;
mod schema;
mod setup;
mod staged;
mod store;
#[cfg(test)]
mod tests;

pub use store::SqliteStore;
