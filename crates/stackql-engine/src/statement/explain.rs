//! EXPLAIN and EXPLAIN ANALYZE.

pub(crate) mod analyze;
pub(crate) mod estimate;
pub(crate) mod joins;
pub(crate) mod lro;
pub(crate) mod rows;
