//! Storage of local objects (views, materialized views and tables): in SQLite, in memory or in a file that other
//! programs can read, or in a schema of a PostgreSQL database.
//!
//! Owns the content of the database, its schema versions, and locking between writers. It does not interpret the query
//! of a view; names and statements come from `stackql-engine`, whose [`Store`](stackql_engine::Store) it implements
//! twice.

#![expect(clippy::disallowed_methods, reason = "this crate is the rim: it makes the folder of its file")]

mod backend_config;
mod columns;
mod create_table_as;
mod identifier;
mod init_script;
mod objects;
mod open;
mod postgres;
mod schema_json;
mod sqlite;
#[cfg(test)]
mod tests;

pub use open::{Options, open};
pub use sqlite::store::SqliteStore;
