//! The access path of a scan: which method reads it, with which bindings, and which filters are pushed down.

pub(crate) mod example;
pub(crate) mod explanation;
pub(crate) mod field_order;
pub(crate) mod filter_pushdown;
pub(crate) mod path;
