//! Catalogs, schemas and tables that names in SQL resolve to.

pub(crate) mod built_in;
pub(crate) mod exec_table;
pub(crate) mod list;
pub(crate) mod local;
pub(crate) mod local_table;
