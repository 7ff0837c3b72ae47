//! The logical nodes: a feed, and the rows of its outer relation as its body sees them.

use std::cmp::Ordering;
use std::fmt;

use datafusion::common::{DFSchemaRef, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

/// Runs `body` over the rows of `outer`, some at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct BindJoin {
    pub(crate) id: usize,
    pub(crate) outer: LogicalPlan,
    /// Has a [`OuterRows`] of this number where the outer rows stand, and scans that are fed by it.
    pub(crate) inner: LogicalPlan,
    /// The same where the scans need not be fed: what it may be instead.
    pub(crate) scan_fallback: Option<LogicalPlan>,
    /// Over the outer relation: what the scans are fed.
    pub(crate) keys: Vec<Expr>,
    pub(crate) batching: OuterBatching,
}

/// How the outer rows are handed to the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OuterBatching {
    /// As they come.
    Streaming,
    /// As they come, those whose keys were there before left out: what the body gives hangs on the keys alone.
    DistinctKeys,
    /// All at once: what the body gives of its own rows hangs on all of them.
    All,
}

/// The outer rows of a feed, as its body sees them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OuterRows {
    pub(crate) id: usize,
    pub(crate) schema: DFSchemaRef,
}

/// Plans have no order.
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
