//! The logical nodes: a feed, and the rows of its outer relation as its body sees them.

use std::cmp::Ordering;
use std::fmt;

use datafusion::common::{DFSchemaRef, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

/// Runs `body` over the rows of `outer`, some at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Feed {
    pub(super) number: usize,
    pub(super) outer: LogicalPlan,
    /// Has a [`Chunk`] of this number where the outer rows stand, and scans that are fed by it.
    pub(super) body: LogicalPlan,
    /// The same where the scans need not be fed: what it may be instead.
    pub(super) listed: Option<LogicalPlan>,
    /// Over the outer relation: what the scans are fed.
    pub(super) keys: Vec<Expr>,
    pub(super) gather: Gather,
}

/// How the outer rows are handed to the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Gather {
    /// As they come.
    Rows,
    /// As they come, those whose keys were there before left out: what the body gives hangs on the keys alone.
    Distinct,
    /// All at once: what the body gives of its own rows hangs on all of them.
    Whole,
}

/// The outer rows of a feed, as its body sees them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Chunk {
    pub(super) number: usize,
    pub(super) schema: DFSchemaRef,
}

/// Plans have no order.
impl PartialOrd for Feed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl PartialOrd for Chunk {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for Feed {
    fn name(&self) -> &'static str {
        "Feed"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        [&self.outer, &self.body].into_iter().chain(&self.listed).collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        self.body.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        self.keys.clone()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Feed: number={}, gather={:?}, keys=[", self.number, self.gather)?;
        for (i, key) in self.keys.iter().enumerate() {
            write!(f, "{}{key}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }

    fn with_exprs_and_inputs(&self, keys: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut inputs = inputs.into_iter();
        let mut this = self.clone();
        if let (Some(outer), Some(body)) = (inputs.next(), inputs.next()) {
            (this.outer, this.body, this.listed, this.keys) = (outer, body, inputs.next(), keys);
        }
        Ok(this)
    }
}

impl UserDefinedLogicalNodeCore for Chunk {
    fn name(&self) -> &'static str {
        "Chunk"
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
        write!(f, "Chunk: number={}", self.number)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, _: Vec<LogicalPlan>) -> Result<Self> {
        Ok(self.clone())
    }
}
