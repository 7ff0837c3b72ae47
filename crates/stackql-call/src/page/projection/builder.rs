//! Arrow builders for the columns of a [`RowProjection`], filled row by row.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch, RecordBatchOptions, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use stackql_provider::Type;

use super::RowProjection;

/// The column builders of one page.
pub(crate) struct Builders {
    plan: RowProjection,
    columns: Vec<Builder>,
    filled: Vec<bool>,
    pub(crate) rows: usize,
}

enum Builder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    /// A boolean as 1 or 0.
    Bit(Int64Builder),
    Time(TimestampMicrosecondBuilder),
}

/// The outcome of [`Builders::put`].
pub(crate) enum Cell {
    /// The value is stored, or the column had one already.
    Stored,
    /// The value does not fit; the type of the column in words.
    Unfit(&'static str),
}

impl Builders {
    pub(crate) fn new(plan: &RowProjection) -> Self {
        let is_bit = |at: usize| plan.columns.get(at).is_some_and(|c| *plan.types.get(c.ty) == Type::Bit);
        let builder = |(at, data_type): (usize, &DataType)| match data_type {
            DataType::Int64 if is_bit(at) => Builder::Bit(Int64Builder::new()),
            DataType::Int64 => Builder::Integer(Int64Builder::new()),
            DataType::Float64 => Builder::Number(Float64Builder::new()),
            DataType::Boolean => Builder::Boolean(BooleanBuilder::new()),
            DataType::Timestamp(..) => Builder::Time(TimestampMicrosecondBuilder::new().with_timezone("+00:00")),
            _ => Builder::Text(StringBuilder::new()),
        };
        let columns: Vec<Builder> =
            plan.schema().fields().iter().map(|f| f.data_type()).enumerate().map(builder).collect();
        Self { plan: plan.clone(), filled: vec![false; columns.len()], columns, rows: 0 }
    }

    /// Parses the text of a value into a column of the current row. A second value for the same column is ignored.
    pub(crate) fn put(&mut self, column: usize, text: &str) -> Cell {
        if std::mem::replace(&mut self.filled[column], true) {
            return Cell::Stored;
        }
        let trimmed = text.trim();
        match &mut self.columns[column] {
            Builder::Text(b) => b.append_value(text),
            Builder::Integer(b) => match integer(trimmed) {
                Some(n) => b.append_value(n),
                None if trimmed.is_empty() => b.append_null(),
                None => return Cell::Unfit("an integer"),
            },
            Builder::Number(b) => match trimmed.parse() {
                Ok(n) if is_rounded(trimmed, n) => return Cell::Unfit("numbers of 53 bits"),
                Ok(n) => b.append_value(n),
                Err(_) if trimmed.is_empty() => b.append_null(),
                Err(_) => return Cell::Unfit("a number"),
            },
            Builder::Boolean(b) => match boolean(trimmed) {
                Some(truth) => b.append_value(truth),
                None if trimmed.is_empty() => b.append_null(),
                None => return Cell::Unfit("true or false"),
            },
            Builder::Bit(b) => match boolean(trimmed) {
                Some(truth) => b.append_value(truth.into()),
                None if trimmed.is_empty() => b.append_null(),
                None => return Cell::Unfit("true or false"),
            },
            Builder::Time(b) => match microseconds(trimmed) {
                Some(at) => b.append_value(at),
                None if trimmed.is_empty() => b.append_null(),
                None => return Cell::Unfit("a time"),
            },
        }
        Cell::Stored
    }

    /// Whether a column of the current row has a value.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.filled[column]
    }

    /// Appends NULL to a column of the current row, unless it has a value.
    pub(crate) fn put_null(&mut self, column: usize) {
        if std::mem::replace(&mut self.filled[column], true) {
            return;
        }
        match &mut self.columns[column] {
            Builder::Text(b) => b.append_null(),
            Builder::Integer(b) | Builder::Bit(b) => b.append_null(),
            Builder::Number(b) => b.append_null(),
            Builder::Boolean(b) => b.append_null(),
            Builder::Time(b) => b.append_null(),
        }
    }

    /// Ends the current row: columns without a value become NULL.
    pub(crate) fn end_row(&mut self) {
        for column in 0..self.columns.len() {
            self.put_null(column);
        }
        self.filled.fill(false);
        self.rows += 1;
    }

    pub(crate) fn finish(self) -> Result<RecordBatch, ArrowError> {
        let array = |builder: Builder| -> ArrayRef {
            match builder {
                Builder::Text(mut b) => Arc::new(b.finish()),
                Builder::Integer(mut b) | Builder::Bit(mut b) => Arc::new(b.finish()),
                Builder::Number(mut b) => Arc::new(b.finish()),
                Builder::Boolean(mut b) => Arc::new(b.finish()),
                Builder::Time(mut b) => Arc::new(b.finish()),
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let columns = self.columns.into_iter().map(array).collect();
        RecordBatch::try_new_with_options(self.plan.schema(), columns, &options)
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "1" => Some(true),
        "false" | "False" | "0" => Some(false),
        _ => None,
    }
}

/// Parses an integer, also one with a decimal point or exponent if it is exact.
fn integer(text: &str) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let broken = || text.parse::<f64>().ok().filter(|n| n.fract() == 0.0 && n.abs() <= EXACT);
    text.parse().ok().or_else(|| broken().map(|n| n as i64))
}

/// Whether the integer in `text` differs from its float `n`. A rounded identifier would be another identifier.
fn is_rounded(text: &str, n: f64) -> bool {
    text.parse::<i128>().is_ok_and(|whole| n as i128 != whole)
}

/// Microseconds since 1970 of a time in any format that APIs use. A time without an offset is UTC; a number is in seconds.
fn microseconds(text: &str) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_micros());
    }
    if let Ok(seconds) = text.parse::<f64>() {
        let microseconds = (seconds * 1e6).round();
        return (microseconds.abs() < 9e18).then_some(microseconds as i64);
    }
    let with_offset = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z"];
    if let Some(at) = with_offset.iter().find_map(|format| DateTime::parse_from_str(text, format).ok()) {
        return Some(at.timestamp_micros());
    }
    let without = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    let naive = without.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN));
    match naive.or_else(day) {
        Some(at) => Some(at.and_utc().timestamp_micros()),
        None => DateTime::parse_from_rfc2822(text).ok().map(|at| at.timestamp_micros()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times keep all digits that the API sends, down to microseconds.
    #[test]
    fn times_keep_microseconds() {
        let at = 1_398_796_238_123_456;
        let texts = [
            "2014-04-29T18:30:38.123456Z",
            "2014-04-29T20:30:38.123456+02:00",
            "2014-04-29T18:30:38.123456",
            "2014-04-29 18:30:38.123456",
            "2014-04-29T18:30:38.123456+0000",
            "1398796238.123456",
        ];
        for text in texts {
            assert_eq!(microseconds(text), Some(at), "{text}");
        }
        assert_eq!(microseconds("2014-04-29"), Some(1_398_729_600_000_000));
        assert_eq!(microseconds("1398796238"), Some(1_398_796_238_000_000));
    }
}
