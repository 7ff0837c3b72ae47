//! Tracks the build rows of a join that have found a match. They are numbered, so each joined pair identifies its build row.

use std::sync::Arc;
use std::vec::IntoIter;

use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, UInt64Array, new_null_array};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{JoinType, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream::{self, TryStreamExt};

use super::Build;
use crate::physical::one_shot::one_shot;

/// The name of the column with the numbers of build rows.
const NUMBER: &str = "number";

pub(super) struct Matched {
    schema: SchemaRef,
    /// The output columns of the join, as positions in the build side's columns followed by the probe side's.
    columns: Vec<usize>,
    build_schema: SchemaRef,
    build: Build,
    /// Semi join: each build row is emitted once, at its first match, rather than once for each pair.
    is_semi: bool,
    /// Whether each build row has found a match, by its number.
    found: Vec<bool>,
    /// The number of build rows without a match so far.
    missing: usize,
}

impl Matched {
    pub(super) fn new(join: &HashJoinExec, build: Build) -> Self {
        let rows = build.rows.iter().map(RecordBatch::num_rows).sum();
        let columns = match &join.projection {
            Some(projection) => projection.to_vec(),
            None => (0..join.join_schema().fields().len()).collect(),
        };
        Self {
            schema: join.schema(),
            columns,
            build_schema: join.left().schema(),
            build,
            is_semi: *join.join_type() == JoinType::LeftSemi,
            found: vec![false; rows],
            missing: rows,
        }
    }

    /// The build side as a plan, with the number of each row as its last column.
    pub(super) fn numbered(&self) -> Result<Arc<dyn ExecutionPlan>> {
        let number = Arc::new(Field::new(NUMBER, DataType::UInt64, false));
        let schema =
            Arc::new(Schema::new(self.build_schema.fields().iter().cloned().chain([number]).collect::<Vec<_>>()));
        let of = Arc::clone(&schema);
        let numbered = self.build.rows.clone().into_iter().scan(0, move |first, batch| {
            let numbers = UInt64Array::from_iter_values(*first..*first + batch.num_rows() as u64);
            *first += batch.num_rows() as u64;
            let columns = batch.columns().iter().cloned().chain([Arc::new(numbers) as ArrayRef]).collect();
            Some(RecordBatch::try_new(Arc::clone(&of), columns).map_err(Into::into))
        });
        one_shot(Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(numbered))))
    }

    /// The output of the join, given the joined pairs with numbered build rows.
    pub(super) fn rows(self, pairs: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let reading =
            Reading { rest: self.build.rows.clone().into_iter(), first: 0, matched: self, pairs: Some(pairs) };
        Box::pin(RecordBatchStreamAdapter::new(schema, stream::try_unfold(reading, Reading::next)))
    }

    /// Marks the build rows of some pairs as matched; returns the output rows for these pairs.
    fn take(&mut self, pairs: &RecordBatch) -> Result<RecordBatch> {
        let at = self.build_schema.fields().len();
        let numbers = pairs.column(at).as_primitive::<UInt64Type>();
        let is_first: BooleanArray =
            numbers.iter().map(|number| Some(number.is_some_and(|n| self.is_first(n)))).collect();
        if self.is_semi {
            return self.joined_batch(&filter_record_batch(pairs, &is_first)?, |column| column);
        }
        // In a pair, the number column is between the two sides.
        self.joined_batch(pairs, |column| if column < at { column } else { column + 1 })
    }

    /// Marks a build row as matched; returns whether this is its first match.
    fn is_first(&mut self, number: u64) -> bool {
        let found = usize::try_from(number).ok().and_then(|number| self.found.get_mut(number));
        let is_first = found.is_some_and(|found| !std::mem::replace(found, true));
        self.missing -= usize::from(is_first);
        is_first
    }

    fn joined_batch(&self, pairs: &RecordBatch, place: impl Fn(usize) -> usize) -> Result<RecordBatch> {
        let columns = self.columns.iter().map(|&column| Arc::clone(pairs.column(place(column)))).collect();
        self.batch(columns, pairs.num_rows())
    }

    /// The output rows for the unmatched rows of a build batch whose first row has the number `first`.
    fn unmatched(&self, build: &RecordBatch, first: usize) -> Result<RecordBatch> {
        let found = &self.found[first..first + build.num_rows()];
        let rows = filter_record_batch(build, &found.iter().map(|found| Some(!found)).collect())?;
        let column = |(&column, field): (&usize, &Arc<Field>)| match rows.columns().get(column) {
            Some(array) => Arc::clone(array),
            None => new_null_array(field.data_type(), rows.num_rows()),
        };
        self.batch(self.columns.iter().zip(self.schema.fields()).map(column).collect(), rows.num_rows())
    }

    fn batch(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

struct Reading {
    matched: Matched,
    /// The joined pairs; `None` once all have been read.
    pairs: Option<SendableRecordBatchStream>,
    /// The build batches not yet checked for unmatched rows; `first` is the number of the first row in them.
    rest: IntoIter<RecordBatch>,
    first: usize,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        if self.matched.is_semi && self.matched.missing == 0 {
            // Any further pair has a build row that was emitted before.
            return Ok(None);
        }
        if let Some(pairs) = &mut self.pairs {
            if let Some(pairs) = pairs.try_next().await? {
                return Ok(Some((self.matched.take(&pairs)?, self)));
            }
            self.pairs = None;
        }
        let Some(build) = self.rest.next().filter(|_| !self.matched.is_semi) else { return Ok(None) };
        let rows = self.matched.unmatched(&build, self.first)?;
        self.first += build.num_rows();
        Ok(Some((rows, self)))
    }
}
