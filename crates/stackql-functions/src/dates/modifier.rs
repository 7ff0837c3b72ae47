//! SQLite's modifiers of times: `+3 days`, `start of month`, `weekday 1`, `unixepoch` and others.

use chrono::{Datelike, NaiveDate};

use super::moment::{Moment, ParsedTime, digits, parse_moment, time};
use crate::error::Error;
use crate::value::Value;

/// Parses a time and applies its modifiers; `None` if one of them is NULL or invalid.
pub(super) fn moved(given: &Value<'_>, modifiers: &[Value<'_>]) -> Result<Option<Moment>, Error> {
    let Some(given) = parse_moment(given) else { return Ok(None) };
    let mut modifiers = modifiers.iter();
    let mut moment = match given {
        ParsedTime::Moment(moment) => Some(moment),
        ParsedTime::Number(number) => {
            // Only the first modifier can set the unit of a number.
            let first = modifiers.clone().next().and_then(Value::as_text).unwrap_or_default().to_ascii_lowercase();
            let (moment, said) = match first.as_str() {
                "unixepoch" => (Moment::from_seconds(number), true),
                "julianday" => (julian(number), true),
                // With `auto`, a number in the range of SQLite's Julian days is a Julian day, any other is Unix seconds.
                "auto" if (0.0..5_373_484.5).contains(&number) => (Moment::from_julian_day(number), true),
                "auto" => (Moment::from_seconds(number), true),
                _ => (julian(number), false),
            };
            if said {
                modifiers.next();
            }
            moment
        }
    };
    let is_number = matches!(given, ParsedTime::Number(_));
    let mut overflow = None;
    for (index, modifier) in modifiers.enumerate() {
        let Some(text) = modifier.as_text() else { return Ok(None) };
        let text = text.trim().to_ascii_lowercase();
        let Some(now) = moment else { return Ok(None) };
        moment = match text.as_str() {
            "localtime" | "utc" => return Err(Error::Arguments("times are UTC; there is no local time")),
            "subsec" | "subsecond" => Some(now),
            "auto" if !is_number && index == 0 => Some(now),
            // As in SQLite, the last move of months decides how an overflow past the end of a month is resolved.
            "ceiling" => Some(now),
            "floor" => overflow.take().map_or(Some(now), |days: i64| now.plus_millis(-days * DAY)),
            text => {
                let after = one(now, text);
                if let Some(months) = months_of(text)
                    && let Some(after) = after
                {
                    overflow = excess(now, after, months);
                }
                after
            }
        };
    }
    Ok(moment)
}

const DAY: i64 = 86_400_000;

fn julian(number: f64) -> Option<Moment> {
    (0.0..5_373_484.5).contains(&number).then(|| Moment::from_julian_day(number)).flatten()
}

/// The number of months that a modifier moves by, if its unit is months or years.
fn months_of(text: &str) -> Option<f64> {
    let (number, unit) = amount(text)?;
    match unit {
        "month" => Some(number),
        "year" => Some(number * 12.0),
        _ => None,
    }
}

/// The number of days by which a move by whole months went past the end of its month, if it did.
fn excess(before: Moment, after: Moment, months: f64) -> Option<i64> {
    let (before, after) = (before.fields()?, after.fields()?);
    (months.fract() == 0.0 && after.day() < before.day()).then(|| i64::from(after.day()))
}

/// Parses `+3 days` as 3 and `day`.
fn amount(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| c.is_whitespace())?;
    let number: f64 = text[..end].parse().ok()?;
    let unit = text[end..].trim_start();
    Some((number, unit.strip_suffix('s').unwrap_or(unit)))
}

fn one(moment: Moment, text: &str) -> Option<Moment> {
    if let Some(unit) = text.strip_prefix("start of ") {
        let day = moment.fields()?.date();
        let start = match unit {
            "day" => day,
            "month" => day.with_day(1)?,
            "year" => NaiveDate::from_ymd_opt(day.year(), 1, 1)?,
            _ => return None,
        };
        return Moment::at(start, 0);
    }
    if let Some(wanted) = text.strip_prefix("weekday ") {
        let wanted: f64 = wanted.trim().parse().ok()?;
        let wanted = (0..7).find(|day| f64::from(*day) == wanted)?;
        let today = moment.fields()?.weekday().num_days_from_sunday();
        return moment.plus_millis(i64::from((wanted + 7 - today) % 7) * DAY);
    }
    if let Some((number, unit)) = amount(text) {
        let scale = match unit {
            "second" => 1000.0,
            "minute" => 60_000.0,
            "hour" => 3_600_000.0,
            "day" => 86_400_000.0,
            "month" => return by_months(moment, number, 1, 30.0),
            "year" => return by_months(moment, number, 12, 365.0),
            _ => return shifted(moment, text),
        };
        return moment.plus_millis(rounded(number * scale)?);
    }
    shifted(moment, text)
}

/// Moves by whole months of the calendar; a fraction counts as days.
fn by_months(moment: Moment, number: f64, months: i64, days: f64) -> Option<Moment> {
    let whole = rounded(number.trunc())?.checked_mul(months)?;
    moment.plus_months(whole)?.plus_millis(rounded(number.fract() * days * 86_400_000.0)?)
}

fn rounded(number: f64) -> Option<i64> {
    (number.abs() < 1e15).then(|| number.round() as i64)
}

/// Applies `+HH:MM:SS.SSS`, `+YYYY-MM-DD` or both.
fn shifted(moment: Moment, text: &str) -> Option<Moment> {
    let (ahead, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => (1, text),
    };
    let signed = rest.len() < text.len();
    if let Some((years, rest)) = digits(rest, 4).filter(|(_, rest)| rest.starts_with('-')) {
        let (months, rest) = digits(&rest[1..], 2)?;
        let (days, rest) = digits(rest.strip_prefix('-')?, 2)?;
        if !signed || months > 11 || days > 30 {
            return None;
        }
        let moved = moment.plus_months(ahead * (years * 12 + months))?.plus_millis(ahead * days * DAY)?;
        return match rest.trim_start() {
            "" => Some(moved),
            rest => moved.plus_millis(ahead * time(rest)?),
        };
    }
    moment.plus_millis(ahead * time(rest)?)
}
