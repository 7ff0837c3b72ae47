//! Transactions over APIs as sagas: the history of their steps, and the compensation of a step.

pub(crate) mod compensation;
pub(crate) mod history;
