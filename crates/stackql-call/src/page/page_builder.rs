//! What is read out of one answer, whatever its format.

use crate::RowProjection;
use crate::page::projection::builder::{Builders, Cell};

/// Where in a document things are, as names below its outermost value.
pub(super) struct ResponseLayout<'a> {
    /// The outermost element's name; empty for any.
    pub(super) outermost: &'a str,
    pub(super) rows: &'a [String],
    /// Members of which an answer without rows has one; empty for any.
    pub(super) siblings: &'a [String],
    /// The names of a row's members, by which rows are found where nothing says where they are.
    pub(super) members: Vec<&'a str>,
    /// By [`ONWARD`], [`REQUEST_ID`] and [`COUNT`]; empty for nowhere.
    pub(super) markers: [&'a [String]; MARKS],
}

/// The mark that leads to the next page.
pub(super) const ONWARD: usize = 0;
/// The mark that names the request.
pub(super) const REQUEST_ID: usize = 1;
/// The mark that says how many rows there are on all pages.
pub(super) const COUNT: usize = 2;
/// How many marks there are.
pub(super) const MARKS: usize = 3;

/// What one answer holds.
pub(super) struct PageBuilder<'a> {
    pub(super) plan: &'a RowProjection,
    pub(super) builders: Builders,
    /// The first value that does not fit its column.
    pub(super) unfit: Option<TypeMismatch>,
    /// The texts at [`ResponseLayout::marks`].
    pub(super) markers: [Option<String>; MARKS],
}

/// A value that does not fit its column.
pub(super) struct TypeMismatch {
    /// The row, from 1.
    pub(super) row: usize,
    pub(super) column: usize,
    /// What the column takes.
    pub(super) expected: &'static str,
    pub(super) value: String,
}

impl<'a> PageBuilder<'a> {
    pub(super) fn new(plan: &'a RowProjection) -> Self {
        Self { plan, builders: Builders::new(plan), unfit: None, markers: [const { None }; MARKS] }
    }

    /// Whether a row is the value of its one column, rather than an object that has it.
    pub(super) fn is_of_values(&self) -> bool {
        matches!(self.plan.columns.as_ref(), [only] if only.wire.is_empty())
    }

    /// The column of this name. Members mostly come in the order of the definition: `expected` is where to look first.
    pub(super) fn column(&self, name: &str, expected: usize) -> Option<usize> {
        let columns = &self.plan.columns;
        let found = (expected..columns.len()).chain(0..expected).find(|&i| columns[i].wire == name)?;
        let of = |(first, twin): &(usize, usize)| (*twin == found).then_some(*first);
        Some(self.plan.twins.iter().find_map(of).unwrap_or(found))
    }

    pub(super) fn put(&mut self, column: usize, text: &str) {
        let plan = self.plan;
        let twins = plan.twins.iter().filter(|(first, _)| *first == column).map(|(_, twin)| *twin);
        for column in std::iter::once(column).chain(twins) {
            if let Cell::Unfit(expected) = self.builders.put(column, text) {
                let row = self.builders.rows + 1;
                self.unfit.get_or_insert_with(|| TypeMismatch { row, column, expected, value: text.to_owned() });
            }
        }
    }

    /// Ends the row being read; `extra` is the inside of an object of the members without a column.
    pub(super) fn end_row(&mut self, extra: &str) {
        if self.plan.extra && !extra.is_empty() {
            self.put(self.plan.columns.len(), &format!("{{{extra}}}"));
        }
        self.builders.end_row();
    }
}
