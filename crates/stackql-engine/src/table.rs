//! A resource as a table: its columns, and the parameter bindings of a scan.

pub(crate) mod columns;
pub(crate) mod resource_table;
