//! Bind joins (also dependent or lookup joins): rows of the outer side supply required parameters of the inner side.

pub(crate) mod adaptive;
pub(crate) mod build_side;
pub(crate) mod cycle;
pub(crate) mod detail_lookup;
pub(crate) mod exec;
pub(crate) mod inner_plan;
pub(crate) mod join;
pub(crate) mod join_order;
pub(crate) mod key_pushdown;
pub(crate) mod keys;
pub(crate) mod logical;
pub(crate) mod planner;
pub(crate) mod requirements;
pub(crate) mod rewrite;
