//! Rules over logical and physical plans.

pub(crate) mod clause_pushdown;
pub(crate) mod row_order;
pub(crate) mod subqueries;
