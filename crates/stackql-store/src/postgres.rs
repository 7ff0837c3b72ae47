//! The store in a schema of a PostgreSQL database. Owns what is in the schema, its version, and who may write to it when.
//!
//! All names are in lower case there, as PostgreSQL takes those that nobody quotes: `SELECT * FROM Notes` is right in
//! psql, too, whatever a user's statement called the table.

pub(crate) mod database;
mod declared;
mod failure;
mod fold;
mod kept;
mod making;
mod native;
mod objects;
mod reading;
mod session;
mod setup;
mod staged;
pub(crate) mod store;
