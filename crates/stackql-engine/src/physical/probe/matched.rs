//! The build rows of a join that have found a match. They are numbered, so that each pair says which build row it has.

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

/// What the numbers of build rows are called.
const NUMBER: &str = "number";

pub(super) struct Matched {
    schema: SchemaRef,
    /// The columns of the join, as numbers of those of the build side and, behind these, the probe side.
    columns: Vec<usize>,
    build_schema: SchemaRef,
    build: Build,
    /// Each build row stands for itself once it has a match, rather than for its pairs.
    is_semi: bool,
    /// By build row.
    found: Vec<bool>,
    /// How many build rows have no match so far.
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

    /// The build side with the number of each row behind its columns.
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

    /// The rows of the join, out of pairs with numbered build rows.
    pub(super) fn rows(self, pairs: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let reading =
            Reading { rest: self.build.rows.clone().into_iter(), first: 0, matched: self, pairs: Some(pairs) };
        Box::pin(RecordBatchStreamAdapter::new(schema, stream::try_unfold(reading, Reading::next)))
    }

    /// Takes note of the build rows of some pairs; what the join gives for them.
    fn take(&mut self, pairs: &RecordBatch) -> Result<RecordBatch> {
        let at = self.build_schema.fields().len();
        let numbers = pairs.column(at).as_primitive::<UInt64Type>();
        let is_first: BooleanArray =
            numbers.iter().map(|number| Some(number.is_some_and(|n| self.is_first(n)))).collect();
        if self.is_semi {
            return self.joined_batch(&filter_record_batch(pairs, &is_first)?, |column| column);
        }
        // The number stands between the two sides.
        self.joined_batch(pairs, |column| if column < at { column } else { column + 1 })
    }

    /// Whether a build row has its first match.
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

    /// What the join gives for the build rows that have no match, of a batch of them that begins with number `first`.
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
    /// `None` once all were read.
    pairs: Option<SendableRecordBatchStream>,
    /// The build rows that were not yet looked at for those without a match, and the number of the first of them.
    rest: IntoIter<RecordBatch>,
    first: usize,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        if self.matched.is_semi && self.matched.missing == 0 {
            // More pairs are of build rows that were given before.
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
