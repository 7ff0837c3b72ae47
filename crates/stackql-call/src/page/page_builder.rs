//! Collects the rows and markers of one response, in whatever format; the JSON and XML decoders fill it.

use crate::RowProjection;
use crate::page::projection::builder::{Builders, Cell};

/// Where the parts of a response are, as paths of names below its outermost value.
pub(super) struct ResponseLayout<'a> {
    /// The name of the outermost element; empty for any.
    pub(super) outermost: &'a str,
    pub(super) rows: &'a [String],
    /// The members of which a response without rows has at least one; empty for any.
    pub(super) siblings: &'a [String],
    /// The names of a row's members, by which rows are discovered if the definition has no path to them.
    pub(super) members: Vec<&'a str>,
    /// The paths of the [`ONWARD`], [`REQUEST_ID`] and [`COUNT`] markers; an empty path for none.
    pub(super) markers: [&'a [String]; MARKS],
}

/// The index of the marker that leads to the next page: its token, URL or number.
pub(super) const ONWARD: usize = 0;
/// The index of the marker with the request id.
pub(super) const REQUEST_ID: usize = 1;
/// The index of the marker with the total number of rows.
pub(super) const COUNT: usize = 2;
/// The number of markers.
pub(super) const MARKS: usize = 3;

/// The decoded parts of one response.
pub(super) struct PageBuilder<'a> {
    pub(super) plan: &'a RowProjection,
    pub(super) builders: Builders,
    /// The first value that does not fit its column.
    pub(super) unfit: Option<TypeMismatch>,
    /// The texts at [`ResponseLayout::markers`].
    pub(super) markers: [Option<String>; MARKS],
}

/// A value that does not fit the type of its column.
pub(super) struct TypeMismatch {
    /// The number of the row, from 1.
    pub(super) row: usize,
    pub(super) column: usize,
    /// The type of the column, in words.
    pub(super) expected: &'static str,
    pub(super) value: String,
}

impl<'a> PageBuilder<'a> {
    pub(super) fn new(plan: &'a RowProjection) -> Self {
        Self { plan, builders: Builders::new(plan), unfit: None, markers: [const { None }; MARKS] }
    }

    /// Whether a row is itself the value of its one column, and not an object.
    pub(super) fn is_of_values(&self) -> bool {
        matches!(self.plan.columns.as_ref(), [only] if only.wire.is_empty())
    }

    /// The index of the column with this name. `expected` is the index to try first: members mostly come in the order of the
    /// definition.
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

    /// Ends the current row. `extra` is the text of the members without a column, as the inside of a JSON object.
    pub(super) fn end_row(&mut self, extra: &str) {
        if self.plan.extra && !extra.is_empty() {
            self.put(self.plan.columns.len(), &format!("{{{extra}}}"));
        }
        self.builders.end_row();
    }
}
