//! `sum` of integers and durations, exact and with an error if the result does not fit its type; DataFusion's wraps around.
//! Intermediate sums may exceed the type. For other types, the sum is DataFusion's.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array, PrimitiveArray, UInt64Array,
};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, Field, FieldRef, Int64Type, UInt64Type,
};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature,
};

/// The type of intermediate sums; it can hold the sum of 2^63 numbers of 64 bits.
const STATE: DataType = DataType::Decimal128(38, 0);

pub(crate) fn sum() -> AggregateUDF {
    AggregateUDF::new_from_impl(CheckedSumUdaf { plain: sum_udaf() })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedSumUdaf {
    /// DataFusion's `sum`.
    plain: Arc<AggregateUDF>,
}

/// Whether this module computes sums of this type.
fn is_own(kind: &DataType) -> bool {
    matches!(kind, DataType::Int64 | DataType::UInt64 | DataType::Duration(_))
}

impl AggregateUDFImpl for CheckedSumUdaf {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        self.plain.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.plain.return_type(types)
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        if !is_own(arguments.return_type()) {
            return self.plain.state_fields(arguments);
        }
        let field = match arguments.is_distinct {
            true => {
                let item = Field::new_list_field(STATE, true);
                Field::new_list(format_state_name(arguments.name, "sum distinct"), item, false)
            }
            false => Field::new(format_state_name(arguments.name, "sum"), STATE, true),
        };
        Ok(vec![Arc::new(field)])
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let kind = arguments.return_field.data_type();
        if !is_own(kind) {
            return self.plain.accumulator(arguments);
        }
        let result = SumType { kind: kind.clone(), name: arguments.name.to_owned() };
        Ok(match arguments.is_distinct {
            true => Box::new(DistinctSumAccumulator { counts: HashMap::new(), sum: 0, result }),
            false => Box::new(SumAccumulator { sum: 0, count: 0, result }),
        })
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match is_own(arguments.return_field.data_type()) {
            true => self.accumulator(arguments),
            false => self.plain.create_sliding_accumulator(arguments),
        }
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        !arguments.is_distinct
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        let kind = arguments.return_field.data_type();
        if !is_own(kind) {
            return self.plain.create_groups_accumulator(arguments);
        }
        let result = SumType { kind: kind.clone(), name: arguments.name.to_owned() };
        Ok(Box::new(SumGroupsAccumulator { sums: Vec::new(), seen: Vec::new(), result }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// The type of a result, and the name of the sum for the error message.
#[derive(Debug)]
struct SumType {
    kind: DataType,
    name: String,
}

impl SumType {
    /// Converts sums to the result type; one that does not fit is an error.
    fn array(&self, sums: &[i128], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        let is_there = |index: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(index));
        let plain: ArrayRef = match self.kind {
            DataType::UInt64 => {
                let fitting = |(index, sum): (usize, &i128)| match u64::try_from(*sum) {
                    Ok(sum) => Ok(sum),
                    Err(_) if is_there(index) => Err(self.overflow(*sum)),
                    Err(_) => Ok(0),
                };
                let sums: Vec<u64> = sums.iter().enumerate().map(fitting).collect::<Result<_>>()?;
                Arc::new(UInt64Array::new(sums.into(), nulls))
            }
            _ => {
                let fitting = |(index, sum): (usize, &i128)| match i64::try_from(*sum) {
                    Ok(sum) => Ok(sum),
                    Err(_) if is_there(index) => Err(self.overflow(*sum)),
                    Err(_) => Ok(0),
                };
                let sums: Vec<i64> = sums.iter().enumerate().map(fitting).collect::<Result<_>>()?;
                Arc::new(Int64Array::new(sums.into(), nulls))
            }
        };
        Ok(if *plain.data_type() == self.kind { plain } else { cast(&plain, &self.kind)? })
    }

    fn scalar(&self, sum: i128, is_there: bool) -> Result<ScalarValue> {
        match is_there {
            true => ScalarValue::try_from_array(&self.array(&[sum], None)?, 0),
            false => ScalarValue::try_from(&self.kind),
        }
    }

    fn overflow(&self, sum: i128) -> DataFusionError {
        let (name, advice) = (&self.name, if self.kind.is_integer() { "; cast to DOUBLE" } else { "" });
        let what = if self.kind.is_integer() { "integer overflow" } else { "overflow" };
        DataFusionError::Execution(format!("{what} in {name}: the sum is {sum}{advice}"))
    }
}

/// Calls a function with the row and value of each non-NULL number of an argument.
fn each(values: &ArrayRef, mut call: impl FnMut(usize, i128)) -> Result<()> {
    match values.data_type() {
        DataType::UInt64 => rows(values.as_primitive::<UInt64Type>(), |row, n| call(row, i128::from(n))),
        DataType::Decimal128(..) => rows(values.as_primitive::<Decimal128Type>(), call),
        DataType::Int64 => rows(values.as_primitive::<Int64Type>(), |row, n| call(row, i128::from(n))),
        _ => {
            let values = cast(values, &DataType::Int64)?;
            rows(values.as_primitive::<Int64Type>(), |row, n| call(row, i128::from(n)));
        }
    }
    Ok(())
}

fn rows<T: ArrowPrimitiveType>(values: &PrimitiveArray<T>, mut call: impl FnMut(usize, T::Native)) {
    let numbers = values.values().iter().copied().enumerate();
    match values.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => numbers.for_each(|(row, number)| call(row, number)),
        Some(nulls) => {
            numbers.zip(nulls).filter(|(_, is_there)| *is_there).for_each(|((row, number), _)| call(row, number));
        }
    }
}

/// The sum of an argument.
fn total(values: &ArrayRef) -> Result<i128> {
    if let (DataType::Int64, 0) = (values.data_type(), values.null_count()) {
        // The halves of few numbers cannot overflow, so the compiler can vectorize both sums.
        const FEW: usize = 1 << 30;
        let halves = |few: &[i64]| {
            let low: u64 = few.iter().map(|n| *n as u64 & 0xffff_ffff).sum();
            let high: i64 = few.iter().map(|n| n >> 32).sum();
            i128::from(low) + (i128::from(high) << 32)
        };
        return Ok(values.as_primitive::<Int64Type>().values().chunks(FEW).map(halves).sum());
    }
    let mut sum = 0;
    each(values, |_, number| sum += number)?;
    Ok(sum)
}

/// The accumulator of a sum, also for sliding windows.
#[derive(Debug)]
struct SumAccumulator {
    sum: i128,
    count: usize,
    result: SumType,
}

impl Accumulator for SumAccumulator {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        for values in arguments.iter().take(1) {
            self.sum += total(values)?;
            self.count += values.len() - values.null_count();
        }
        Ok(())
    }

    fn retract_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        for values in arguments.iter().take(1) {
            self.sum -= total(values)?;
            self.count = self.count.saturating_sub(values.len() - values.null_count());
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Decimal128((self.count > 0).then_some(self.sum), 38, 0)])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.result.scalar(self.sum, self.count > 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.result.name.capacity()
    }
}

/// The accumulator of `sum(DISTINCT …)`.
#[derive(Debug)]
struct DistinctSumAccumulator {
    /// How often each number occurs.
    counts: HashMap<i128, usize>,
    sum: i128,
    result: SumType,
}

impl Accumulator for DistinctSumAccumulator {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        for values in arguments.iter().take(1) {
            each(values, |_, number| {
                let count = self.counts.entry(number).or_default();
                *count += 1;
                if *count == 1 {
                    self.sum += number;
                }
            })?;
        }
        Ok(())
    }

    fn retract_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        for values in arguments.iter().take(1) {
            each(values, |_, number| match self.counts.get_mut(&number) {
                Some(1) => {
                    self.counts.remove(&number);
                    self.sum -= number;
                }
                Some(count) => *count -= 1,
                None => {}
            })?;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for lists in states.iter().take(1) {
            for numbers in lists.as_list::<i32>().iter().flatten() {
                self.update_batch(&[numbers])?;
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let numbers: Vec<_> = self.counts.keys().map(|n| ScalarValue::Decimal128(Some(*n), 38, 0)).collect();
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&numbers, &STATE))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.result.scalar(self.sum, !self.counts.is_empty())
    }

    fn size(&self) -> usize {
        let entry = size_of::<i128>() + size_of::<usize>();
        size_of_val(self) + self.result.name.capacity() + self.counts.capacity() * entry
    }
}

/// The accumulator of the sums of groups.
#[derive(Debug)]
struct SumGroupsAccumulator {
    sums: Vec<i128>,
    /// Whether each group has a number.
    seen: Vec<bool>,
    result: SumType,
}

impl SumGroupsAccumulator {
    fn take(&mut self, emit: EmitTo) -> (Vec<i128>, Option<NullBuffer>) {
        let (sums, seen) = (emit.take_needed(&mut self.sums), emit.take_needed(&mut self.seen));
        let nulls = NullBuffer::new(BooleanBuffer::from(seen));
        (sums, Some(nulls).filter(|nulls| nulls.null_count() > 0))
    }
}

impl GroupsAccumulator for SumGroupsAccumulator {
    fn update_batch(
        &mut self,
        arguments: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        self.sums.resize(count, 0);
        self.seen.resize(count, false);
        let counts = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        for values in arguments.iter().take(1) {
            each(values, |row, number| {
                if counts(row) {
                    self.sums[groups[row]] += number;
                    self.seen[groups[row]] = true;
                }
            })?;
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.update_batch(states, groups, None, count)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let (sums, nulls) = self.take(emit);
        self.result.array(&sums, nulls)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (sums, nulls) = self.take(emit);
        Ok(vec![Arc::new(Decimal128Array::new(sums.into(), nulls).with_data_type(STATE))])
    }

    fn convert_to_state(&self, arguments: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut states = Vec::with_capacity(1);
        for values in arguments.iter().take(1) {
            let mut numbers = vec![None; values.len()];
            let counts = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            each(values, |row, number| numbers[row] = counts(row).then_some(number))?;
            states.push(Arc::new(Decimal128Array::from(numbers).with_data_type(STATE)) as ArrayRef);
        }
        Ok(states)
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i128>() + self.seen.capacity() + self.result.name.capacity()
    }
}
