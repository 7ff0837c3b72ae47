//! Catalogs, schemas and tables to which names in SQL resolve: resources, local objects, exec tables and system tables.

pub(crate) mod built_in;
pub(crate) mod exec_table;
pub(crate) mod list;
pub(crate) mod local;
pub(crate) mod local_table;
