//! Intervals and durations as text, as PostgreSQL prints them with `intervalstyle = postgres`: `1 year 2 mons`,
//! `28 days 03:00:00`, `-00:00:01.5`. Source: PostgreSQL documentation, section "Interval Output".

use std::fmt::Write as _;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, TimeUnit,
};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_DAY: i128 = 86_400 * NANOS_PER_SECOND as i128;

/// An interval in PostgreSQL's three independent parts: months, days and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    months: i32,
    days: i64,
    nanos: i64,
}

impl Interval {
    /// The interval in a row of an array of intervals or durations; `None` for other types. A duration is split into
    /// days of 24 hours, as PostgreSQL does for the difference of two timestamps.
    pub(super) fn from_array(array: &dyn Array, row: usize) -> Option<Self> {
        let duration = |value: i64, nanos_per_unit: i64| {
            let nanos = i128::from(value) * i128::from(nanos_per_unit);
            // Both parts are bounded: fewer than 2^63 seconds are fewer than 2^47 days.
            Self { months: 0, days: (nanos / NANOS_PER_DAY) as i64, nanos: (nanos % NANOS_PER_DAY) as i64 }
        };
        Some(match array.data_type() {
            DataType::Duration(TimeUnit::Second) => {
                duration(array.as_primitive::<DurationSecondType>().value(row), NANOS_PER_SECOND)
            }
            DataType::Duration(TimeUnit::Millisecond) => {
                duration(array.as_primitive::<DurationMillisecondType>().value(row), 1_000_000)
            }
            DataType::Duration(TimeUnit::Microsecond) => {
                duration(array.as_primitive::<DurationMicrosecondType>().value(row), 1000)
            }
            DataType::Duration(TimeUnit::Nanosecond) => {
                duration(array.as_primitive::<DurationNanosecondType>().value(row), 1)
            }
            DataType::Interval(IntervalUnit::YearMonth) => {
                Self { months: array.as_primitive::<IntervalYearMonthType>().value(row), days: 0, nanos: 0 }
            }
            DataType::Interval(IntervalUnit::DayTime) => {
                let value = array.as_primitive::<IntervalDayTimeType>().value(row);
                Self { months: 0, days: value.days.into(), nanos: i64::from(value.milliseconds) * 1_000_000 }
            }
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
                Self { months: value.months, days: value.days.into(), nanos: value.nanoseconds }
            }
            _ => return None,
        })
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units = [(i64::from(self.months / 12), "year"), (i64::from(self.months % 12), "mon"), (self.days, "day")];
        let mut out = String::new();
        let mut follows_negative = false;
        for (count, unit) in units.into_iter().filter(|(count, _)| *count != 0) {
            let separator = if out.is_empty() { "" } else { " " };
            let sign = if follows_negative && count > 0 { "+" } else { "" };
            let plural = if count == 1 { "" } else { "s" };
            write!(out, "{separator}{sign}{count} {unit}{plural}")?;
            follows_negative = count < 0;
        }
        if self.nanos != 0 || out.is_empty() {
            let separator = if out.is_empty() { "" } else { " " };
            let sign = match self.nanos {
                ..0 => "-",
                _ if follows_negative => "+",
                _ => "",
            };
            let nanos = self.nanos.unsigned_abs();
            let (seconds, fraction) = (nanos / NANOS_PER_SECOND as u64, nanos % NANOS_PER_SECOND as u64);
            write!(out, "{separator}{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
            if fraction != 0 {
                let digits = format!("{fraction:09}");
                write!(out, ".{}", digits.trim_end_matches('0'))?;
            }
        }
        f.write_str(&out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What psql prints for the same interval.
    #[test]
    fn intervals_are_printed_as_psql_prints_them() {
        let cases = [
            ((0, 0, 0), "00:00:00"),
            ((14, 0, 0), "1 year 2 mons"),
            ((0, 1, 0), "1 day"),
            ((0, 28, 3 * 3600 * NANOS_PER_SECOND), "28 days 03:00:00"),
            ((0, -1, 2 * 3600 * NANOS_PER_SECOND), "-1 days +02:00:00"),
            ((-14, 3, -1_500_000_000), "-1 years -2 mons +3 days -00:00:01.5"),
            ((0, 0, 100 * 3600 * NANOS_PER_SECOND + 1000), "100:00:00.000001"),
        ];
        for ((months, days, nanos), text) in cases {
            assert_eq!(Interval { months, days, nanos }.to_string(), text);
        }
    }
}
