//! Filters that emit what a batch leaves before they read the next one.
//!
//! DataFusion's `FilterExec` collects what passes into full batches, for which it reads its input: here that is page after
//! page, whoever waits for the first row or needs no more than a few.

use std::sync::Arc;

use datafusion::physical_plan::filter::FilterExec;

use crate::physical::node::{PlanRule, replaced};

/// A batch size that every batch with a row in it reaches, so that none is collected: batches are handed on as they are.
const ANY: usize = 1;

/// Makes the filters of a plan emit batch by batch.
pub(crate) const FILTER_BATCHES_RULE: PlanRule = PlanRule {
    name: "filter_batches",
    rewrite: |plan| replaced(plan, |filter: &FilterExec, _| Ok(Some(Arc::new(filter.with_batch_size(ANY)?)))),
};
