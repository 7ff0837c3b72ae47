//! The store in SQLite, in memory or in a file that other programs can read. Owns the content of the file, its schema
//! versions, and locking between writers.

mod authorizer;
pub(crate) mod blocking;
mod column_codec;
pub(crate) mod database;
mod ddl;
mod error;
pub(crate) mod migrations;
mod native_query;
mod object_table;
mod row_reader;
mod staging;
pub(crate) mod store;
mod table_names;
