//! The store in a schema of a PostgreSQL database. Owns the content of the schema, its version, and locking between
//! writers.
//!
//! All names are folded to lower case, as PostgreSQL folds unquoted identifiers. `SELECT * FROM Notes` therefore also
//! works in psql, whatever spelling the user's statement gave the table.

mod column_codec;
mod connection;
mod create_table;
pub(crate) mod database;
mod ddl;
mod error;
mod identifier_case;
mod migrations;
mod native_query;
mod object_table;
mod row_reader;
mod staging;
pub(crate) mod store;
