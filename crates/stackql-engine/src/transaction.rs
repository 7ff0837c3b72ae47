//! Transactions over APIs as sagas: their history, and what compensates a step.

pub(crate) mod compensation;
pub(crate) mod history;
