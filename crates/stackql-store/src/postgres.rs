//! The store in a schema of a PostgreSQL database. Owns what is in the schema, its version, and who may write to it when.
//!
//! All names are in lower case there, as PostgreSQL takes those that nobody quotes: `SELECT * FROM Notes` is right in
//! psql, too, whatever a user's statement called the table.

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
