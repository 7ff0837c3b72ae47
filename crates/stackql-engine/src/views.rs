//! Views: references to them in queries, their plans, and the defaults of their parameters.

pub(crate) mod constrained_columns;
pub(crate) mod defaults;
pub(crate) mod labels;
pub(crate) mod plan;
pub(crate) mod references;
