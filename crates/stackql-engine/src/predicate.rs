//! Predicates on columns: the values and ranges that they pin a column to, and the scope wildcard.

pub(crate) mod range;
pub(crate) mod scope_wildcard;
pub(crate) mod values;
