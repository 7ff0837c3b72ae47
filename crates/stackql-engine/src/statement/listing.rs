//! [`Listing`]: the rows of text of a SHOW or DESCRIBE statement, before they become a record batch.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;

use crate::error::Error;

/// Rows of text with named columns; the last columns are shown by EXTENDED only.
pub(crate) struct Listing {
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// Index of the column that LIKE filters.
    pub(crate) name: usize,
    always: usize,
}

impl Listing {
    pub(crate) fn new(always: &[&'static str], extended: &[&'static str]) -> Self {
        Self { columns: [always, extended].concat(), rows: Vec::new(), name: 0, always: always.len() }
    }

    pub(crate) fn new_sorted(self, name: usize) -> Self {
        Self { name, ..self }
    }

    pub(crate) fn with<const N: usize>(mut self, rows: impl IntoIterator<Item = [String; N]>) -> Self {
        self.rows.extend(rows.into_iter().map(Vec::from));
        self
    }

    pub(crate) fn batch(self, extended: bool) -> Result<RecordBatch, Error> {
        let shown = if extended { self.columns.len() } else { self.always };
        let fields: Vec<Field> = self.columns[..shown].iter().map(|n| Field::new(*n, DataType::Utf8, true)).collect();
        let column = |i| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(self.rows.iter().map(|row: &Vec<String>| &row[i])))
        };
        RecordBatch::try_new(Arc::new(Schema::new(fields)), (0..shown).map(column).collect())
            .map_err(|e| Error::invalid(format!("the rows cannot be shown: {e}")))
    }
}
