//! A point in time with millisecond precision, parsed from texts and numbers as in SQLite.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime};

use crate::value::Value;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(i64);

const DAY: i64 = 86_400_000;
/// The Julian day number of 1970-01-01T00:00:00Z; Julian days begin at noon.
const EPOCH: f64 = 2_440_587.5;
/// The valid range: from Julian day 0 to the end of the year 9999.
const RANGE: std::ops::RangeInclusive<i64> = -210_866_760_000_000..=253_402_300_799_999;

impl Moment {
    pub(super) fn from_millis(millis: i64) -> Option<Self> {
        RANGE.contains(&millis).then_some(Self(millis))
    }

    pub(super) fn from_julian_day(days: f64) -> Option<Self> {
        Self::from_millis(((days - EPOCH) * 86_400_000.0).round() as i64)
    }

    pub(super) fn from_seconds(seconds: f64) -> Option<Self> {
        Self::from_millis((seconds * 1000.0).round() as i64)
    }

    pub(super) fn millis(self) -> i64 {
        self.0
    }

    pub(super) fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub(super) fn julian_day(self) -> f64 {
        // As in SQLite: one division of the milliseconds since Julian day 0.
        (self.0 + 210_866_760_000_000) as f64 / 86_400_000.0
    }

    pub(super) fn fields(self) -> Option<NaiveDateTime> {
        DateTime::from_timestamp_millis(self.0).map(|time| time.naive_utc())
    }

    pub(super) fn plus_millis(self, millis: i64) -> Option<Self> {
        Self::from_millis(self.0.checked_add(millis)?)
    }

    /// Moves by months and keeps the day; a day that the new month lacks overflows into the next one.
    pub(super) fn plus_months(self, months: i64) -> Option<Self> {
        let time = self.fields()?;
        let first = time.date().with_day(1)?;
        let size = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
        let moved = if months < 0 { first.checked_sub_months(size)? } else { first.checked_add_months(size)? };
        let days = i64::from(time.day0());
        Self::at(moved, days * DAY + self.0.rem_euclid(DAY))
    }

    /// The time this many milliseconds after the beginning of a day.
    pub(super) fn at(day: NaiveDate, millis: i64) -> Option<Self> {
        Self::from_millis(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis().checked_add(millis)?)
    }
}

/// A parsed time; a number is a Julian day or Unix seconds, as the modifiers decide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ParsedTime {
    Moment(Moment),
    Number(f64),
}

/// Parses a time; `None` for NULL and for text that is no time.
pub(super) fn parse_moment(value: &Value<'_>) -> Option<ParsedTime> {
    match value {
        Value::Null => None,
        Value::Integer(_) | Value::Real(_) => value.as_real().map(ParsedTime::Number),
        other => {
            let text = other.as_text()?;
            let text = text.trim();
            match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Some(ParsedTime::Number(number)),
                _ => date_time(text).map(ParsedTime::Moment),
            }
        }
    }
}

/// Parses `YYYY-MM-DD HH:MM:SS.SSS+HH:MM` with optional parts, or a time alone, which is on 2000-01-01.
fn date_time(text: &str) -> Option<Moment> {
    let Some((day, rest)) = date(text) else {
        return Moment::at(NaiveDate::from_ymd_opt(2000, 1, 1)?, time(text)?);
    };
    let rest = rest.strip_prefix('T').unwrap_or(rest).trim_start();
    match rest {
        "" => Some(day),
        rest => day.plus_millis(time(rest)?),
    }
}

fn date(text: &str) -> Option<(Moment, &str)> {
    let (before, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (year, text) = digits(text, 4)?;
    let (month, text) = digits(text.strip_prefix('-')?, 2)?;
    let (day, text) = digits(text.strip_prefix('-')?, 2)?;
    if !(1..=31).contains(&day) {
        return None;
    }
    let first = NaiveDate::from_ymd_opt(i32::try_from(year).ok()? * before, u32::try_from(month).ok()?, 1)?;
    // A day that the month lacks overflows into the next one.
    Some((Moment::at(first, (day - 1) * DAY)?, text))
}

/// Parses `HH:MM[:SS[.SSS]][zone]` as milliseconds since midnight UTC.
pub(super) fn time(text: &str) -> Option<i64> {
    let (hour, text) = digits(text, 2)?;
    let (minute, mut text) = digits(text.strip_prefix(':')?, 2)?;
    let mut millis = 0;
    if let Some(rest) = text.strip_prefix(':') {
        let (second, rest) = digits(rest, 2)?;
        (millis, text) = (second * 1000, rest);
        if second > 59 {
            return None;
        }
        if let Some(rest) = text.strip_prefix('.') {
            let end = rest.bytes().take_while(u8::is_ascii_digit).count();
            // Digits beyond milliseconds are truncated.
            let fraction = rest.get(..end).filter(|digits| !digits.is_empty())?;
            let fraction: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
            (millis, text) = (millis + fraction, &rest[end..]);
        }
    }
    if hour > 24 || minute > 59 {
        return None;
    }
    Some((hour * 60 + minute) * 60_000 + millis - zone(text.trim_start())?)
}

/// Parses a zone as its offset from UTC in milliseconds; no zone is UTC.
fn zone(text: &str) -> Option<i64> {
    let (ahead, rest) = match text.chars().next() {
        None => return Some(0),
        Some('Z' | 'z') => return text[1..].trim().is_empty().then_some(0),
        Some('+') => (1, &text[1..]),
        Some('-') => (-1, &text[1..]),
        Some(_) => return None,
    };
    let (hours, rest) = digits(rest, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
    (hours <= 14 && minutes <= 59 && rest.trim().is_empty()).then_some(ahead * (hours * 60 + minutes) * 60_000)
}

/// Parses exactly this many digits, and returns the number with the rest.
pub(super) fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let number = text.get(..count).filter(|number| number.bytes().all(|b| b.is_ascii_digit()))?;
    Some((number.parse().ok()?, &text[count..]))
}
