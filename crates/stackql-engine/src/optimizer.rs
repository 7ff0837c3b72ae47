//! Rewrites of logical and physical plans: subquery predicates, the default row order, clause pushdown.

pub(crate) mod clause_pushdown;
pub(crate) mod row_order;
pub(crate) mod subqueries;
