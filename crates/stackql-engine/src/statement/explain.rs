//! EXPLAIN (`rows`) and EXPLAIN ANALYZE (`analyze`): the rows that describe the plan of a statement and its calls.

pub(crate) mod analyze;
pub(crate) mod estimate;
pub(crate) mod joins;
pub(crate) mod lro;
pub(crate) mod rows;
