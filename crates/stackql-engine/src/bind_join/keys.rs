//! Key extraction: evaluates the key expressions of a bind join over outer rows, and returns each distinct non-NULL key once.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{filter_record_batch, is_not_null};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::Result;
use datafusion::physical_expr::PhysicalExpr;

/// Evaluates the key expressions of a bind join.
#[derive(Debug)]
pub(crate) struct KeyExtractor {
    of: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
    converter: RowConverter,
}

/// The keys that have occurred.
pub(crate) type SeenKeys = HashSet<OwnedRow>;

impl KeyExtractor {
    pub(crate) fn new(of: &[Arc<dyn PhysicalExpr>], outer: &Schema) -> Result<Self> {
        let mut fields = Vec::new();
        for (i, key) in of.iter().enumerate() {
            fields.push(Field::new(i.to_string(), key.data_type(outer)?, true));
        }
        let sorts = fields.iter().map(|f| SortField::new(f.data_type().clone())).collect();
        Ok(Self { of: of.to_vec(), schema: Arc::new(Schema::new(fields)), converter: RowConverter::new(sorts)? })
    }

    /// The schema of key batches: one row per key, one column per key expression.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The keys of `rows` that are not in `seen`, to which they are added, and a mask of the rows that have them. A key with a
    /// NULL is never returned.
    pub(crate) fn take_new(&self, rows: &RecordBatch, seen: &mut SeenKeys) -> Result<(RecordBatch, BooleanArray)> {
        let key = |key: &Arc<dyn PhysicalExpr>| key.evaluate(rows)?.into_array(rows.num_rows());
        let columns = self.of.iter().map(key).collect::<Result<Vec<ArrayRef>>>()?;
        let encoded = self.converter.convert_columns(&columns)?;
        let present = columns.iter().map(|k| is_not_null(k.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let is_new = |at: usize| present.iter().all(|p| p.value(at)) && seen.insert(encoded.row(at).owned());
        let new: BooleanArray = (0..rows.num_rows()).map(is_new).collect::<Vec<_>>().into();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let keys = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        Ok((filter_record_batch(&keys, &new)?, new))
    }
}
