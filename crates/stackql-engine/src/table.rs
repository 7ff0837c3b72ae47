//! A resource as a table: its columns, and what the statement binds of them.

pub(crate) mod columns;
pub(crate) mod resource_table;
