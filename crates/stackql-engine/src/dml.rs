//! INSERT, UPDATE, DELETE, REPLACE and EXEC, planned as calls of methods.

pub(crate) mod literal;
pub(crate) mod plan;
pub(crate) mod returning;
pub(crate) mod searched_change;
