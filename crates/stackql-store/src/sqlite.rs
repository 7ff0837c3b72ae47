//! The store in SQLite, in memory or in a file that other programs read. Owns the file: what is in it, its versions, who
//! may write to it when.

pub(crate) mod aside;
mod cell;
pub(crate) mod database;
mod failure;
mod fence;
mod making;
mod native;
mod objects;
mod placed;
mod reading;
pub(crate) mod setup;
mod staged;
pub(crate) mod store;
