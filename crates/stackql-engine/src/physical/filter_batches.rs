//! Filters that emit the remaining rows of each batch before they read the next one.
//!
//! DataFusion's `FilterExec` coalesces its output into full batches. Here each input batch is a page, so it would request
//! page after page before it emits the first row, even if the consumer needs only a few.

use std::sync::Arc;

use datafusion::physical_plan::filter::FilterExec;

use crate::physical::node::{PlanRule, replaced};

/// A target batch size that every non-empty batch reaches, so that batches are passed on without coalescing.
const ANY: usize = 1;

/// The optimizer rule that makes filters emit batch by batch.
pub(crate) const FILTER_BATCHES_RULE: PlanRule = PlanRule {
    name: "filter_batches",
    rewrite: |plan| replaced(plan, |filter: &FilterExec, _| Ok(Some(Arc::new(filter.with_batch_size(ANY)?)))),
};
