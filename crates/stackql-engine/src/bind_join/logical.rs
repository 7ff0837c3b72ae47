//! Logical plan nodes of bind joins: [`BindJoin`], and [`OuterRows`], which stands for the outer rows within its inner plan.

use std::cmp::Ordering;
use std::fmt;

use datafusion::common::{DFSchemaRef, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

/// A bind join (dependent join): executes `inner` for batches of the rows of `outer`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct BindJoin {
    pub(crate) id: usize,
    pub(crate) outer: LogicalPlan,
    /// The inner plan, a join: it has an [`OuterRows`] of this id as one side, and scans whose parameters the keys bind.
    pub(crate) inner: LogicalPlan,
    /// The same join without key bindings, for an adaptive bind join: a full scan of the inner relation.
    pub(crate) scan_fallback: Option<LogicalPlan>,
    /// The key expressions, over the columns of `outer`.
    pub(crate) keys: Vec<Expr>,
    pub(crate) batching: OuterBatching,
}

/// How the outer rows are passed to the inner plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OuterBatching {
    /// In batches, as they arrive.
    Streaming,
    /// In batches, without rows whose key has occurred before: the output depends on the distinct keys only.
    DistinctKeys,
    /// All in one batch: the output, rows of the inner side, depends on all outer rows.
    All,
}

/// The outer rows of a bind join, within its inner plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OuterRows {
    pub(crate) id: usize,
    pub(crate) schema: DFSchemaRef,
}

/// Equal plans are equal; all others cannot be compared.
impl PartialOrd for BindJoin {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl PartialOrd for OuterRows {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for BindJoin {
    fn name(&self) -> &'static str {
        "BindJoin"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        [&self.outer, &self.inner].into_iter().chain(&self.scan_fallback).collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        self.inner.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        self.keys.clone()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BindJoin: id={}, batching={:?}, keys=[", self.id, self.batching)?;
        for (i, key) in self.keys.iter().enumerate() {
            write!(f, "{}{key}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }

    fn with_exprs_and_inputs(&self, keys: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut inputs = inputs.into_iter();
        let mut this = self.clone();
        if let (Some(outer), Some(body)) = (inputs.next(), inputs.next()) {
            (this.outer, this.inner, this.scan_fallback, this.keys) = (outer, body, inputs.next(), keys);
        }
        Ok(this)
    }
}

impl UserDefinedLogicalNodeCore for OuterRows {
    fn name(&self) -> &'static str {
        "OuterRows"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        Vec::new()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OuterRows: id={}", self.id)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, _: Vec<LogicalPlan>) -> Result<Self> {
        Ok(self.clone())
    }
}
