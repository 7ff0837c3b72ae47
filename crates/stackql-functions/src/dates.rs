//! SQLite's date and time functions: [`moment`] parses times, [`modifier`] applies modifiers, and this module formats them.
//!
//! `now` is the start time of the statement. It is inserted into the call at planning time, because a function has no access to
//! a clock. Times are UTC.

mod modifier;
mod moment;

use std::fmt::Write as _;
use std::hash::{Hash, Hasher};

use chrono::{DateTime, Datelike, Timelike};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::{Expr, lit};

use self::moment::Moment;
use crate::error::Error;
use crate::function::{ANY, Function};
use crate::value::{Type, Value};

pub(crate) const ALL: &[Function] = &[
    Function::new(
        "date",
        (0, ANY),
        Type::Text,
        |row| written(row, "%F"),
        ("date([time, modifier, …])", "the day", "date('2024-01-31', '+1 month')"),
    ),
    Function::new(
        "time",
        (0, ANY),
        Type::Text,
        |row| written(row, if subsecond(row) { "%H:%M:%f" } else { "%T" }),
        ("time([time, modifier, …])", "the time of day", "time('2024-01-31 10:30:00', '-45 minutes')"),
    ),
    Function::new(
        "datetime",
        (0, ANY),
        Type::Text,
        |row| written(row, if subsecond(row) { "%F %H:%M:%f" } else { "%F %T" }),
        ("datetime([time, modifier, …])", "day and time", "datetime(1092941466, 'unixepoch')"),
    ),
    Function::new(
        "julianday",
        (0, ANY),
        Type::Real,
        |row| Ok(moment(row)?.map_or(Value::Null, |m| Value::Real(m.julian_day()))),
        ("julianday([time, modifier, …])", "days since noon of 24 November 4714 BC", "julianday('2024-01-01')"),
    ),
    Function::new(
        "unixepoch",
        (0, ANY),
        Type::Integer,
        |row| Ok(moment(row)?.map_or(Value::Null, |m| Value::Integer(m.seconds()))),
        ("unixepoch([time, modifier, …])", "seconds since 1970", "unixepoch('2024-01-01')"),
    ),
    Function::new(
        "strftime",
        (1, ANY),
        Type::Text,
        strftime,
        (
            "strftime(format[, time, modifier, …])",
            "a time as the format says",
            "strftime('%d.%m.%Y', '2024-01-31T10:00:00Z')",
        ),
    ),
    Function::new(
        "timediff",
        (2, 2),
        Type::Text,
        timediff,
        ("timediff(a, b)", "from b to a: years, months, days and time", "timediff('2024-03-15', '2024-02-01')"),
    ),
];

/// The argument that denotes the start time of the statement.
const NOW: &str = "now";

/// The UDF of a date function.
pub(crate) fn udf(function: Function) -> ScalarUDF {
    ScalarUDF::new_from_impl(TimeFunction {
        rows: function.udf(),
        function,
        signature: Signature::user_defined(Volatility::Stable),
    })
}

/// A function whose time arguments may be `now`; a missing one counts as `now`.
#[derive(Debug)]
struct TimeFunction {
    function: Function,
    rows: ScalarUDF,
    signature: Signature,
}

impl PartialEq for TimeFunction {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl Eq for TimeFunction {}

impl Hash for TimeFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rows.hash(state);
    }
}

impl TimeFunction {
    /// The positions of the time arguments; the others are modifiers and the format.
    fn times(&self) -> std::ops::Range<usize> {
        match self.function.name {
            "strftime" => 1..2,
            "timediff" => 0..2,
            _ => 0..1,
        }
    }
}

impl ScalarUDFImpl for TimeFunction {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.rows.coerce_types(types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.rows.return_type(types)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.rows.return_field_from_args(arguments)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_now = |value: &ColumnarValue| matches!(value, ColumnarValue::Scalar(one) if is_now(one));
        let times = self.times();
        if arguments.args.len() < times.end || arguments.args[times].iter().any(is_now) {
            // Unreachable in a statement: `simplify` replaces `now` before it runs.
            return exec_err!("{}() was not told when the statement began", self.function.name);
        }
        self.rows.invoke_with_args(arguments)
    }

    fn simplify(&self, mut arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let times = self.times();
        let Some(began) = info.query_execution_start_time() else { return Ok(ExprSimplifyResult::Original(arguments)) };
        let began = lit(began.format("%FT%T%.3fZ").to_string());
        let mut changed = arguments.len() < times.end;
        if changed {
            arguments.push(began.clone());
        }
        for argument in &mut arguments[times] {
            if matches!(argument, Expr::Literal(value, _) if is_now(value)) {
                *argument = began.clone();
                changed = true;
            }
        }
        match changed {
            true => Ok(ExprSimplifyResult::Simplified(ScalarUDF::new_from_impl(self.again()).call(arguments))),
            false => Ok(ExprSimplifyResult::Original(arguments)),
        }
    }
}

impl TimeFunction {
    fn again(&self) -> Self {
        Self { function: self.function, rows: self.rows.clone(), signature: self.signature.clone() }
    }
}

fn is_now(value: &ScalarValue) -> bool {
    value.try_as_str().flatten().is_some_and(|text| text.trim().eq_ignore_ascii_case(NOW))
}

/// The time of a row's arguments; `None` for NULL and for text that is no time.
fn moment(row: &[Value<'_>]) -> Result<Option<Moment>, Error> {
    let Some((time, modifiers)) = row.split_first() else { return Ok(None) };
    modifier::moved(time, modifiers)
}

fn subsecond(row: &[Value<'_>]) -> bool {
    let asks = |value: &Value<'_>| {
        value.as_text().is_some_and(|text| ["subsec", "subsecond"].iter().any(|word| text.eq_ignore_ascii_case(word)))
    };
    row.iter().skip(1).any(asks)
}

fn written<'a>(row: &[Value<'a>], format: &str) -> Result<Value<'a>, Error> {
    Ok(moment(row)?.and_then(|moment| text(format, moment)).map_or(Value::Null, Value::text))
}

fn strftime<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let Some((format, rest)) = row.split_first() else { return Ok(Value::Null) };
    match format.as_text() {
        Some(format) => written(rest, &format),
        None => Ok(Value::Null),
    }
}

/// Formats a time; `None` if the format is invalid.
fn text(format: &str, moment: Moment) -> Option<String> {
    let time = moment.fields()?;
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let hour12 = if time.hour12().1 == 0 { 12 } else { time.hour12().1 };
        let from_sunday = time.weekday().num_days_from_sunday();
        let from_monday = time.weekday().num_days_from_monday();
        let week = time.iso_week();
        let millis = time.and_utc().timestamp_subsec_millis();
        let half = if time.hour() < 12 { "AM" } else { "PM" };
        let written = match letters.next()? {
            'd' => write!(text, "{:02}", time.day()),
            'e' => write!(text, "{:2}", time.day()),
            'f' => write!(text, "{:02}.{millis:03}", time.second()),
            'F' => write!(text, "{:04}-{:02}-{:02}", time.year(), time.month(), time.day()),
            'G' => write!(text, "{:04}", week.year()),
            'g' => write!(text, "{:02}", week.year().rem_euclid(100)),
            'H' => write!(text, "{:02}", time.hour()),
            'I' => write!(text, "{hour12:02}"),
            'j' => write!(text, "{:03}", time.ordinal()),
            'J' => write!(text, "{}", moment.julian_day()),
            'k' => write!(text, "{:2}", time.hour()),
            'l' => write!(text, "{hour12:2}"),
            'm' => write!(text, "{:02}", time.month()),
            'M' => write!(text, "{:02}", time.minute()),
            'p' => write!(text, "{half}"),
            'P' => write!(text, "{}", half.to_lowercase()),
            'R' => write!(text, "{:02}:{:02}", time.hour(), time.minute()),
            's' => write!(text, "{}", moment.seconds()),
            'S' => write!(text, "{:02}", time.second()),
            'T' => write!(text, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second()),
            'u' => write!(text, "{}", from_monday + 1),
            'U' => write!(text, "{:02}", (time.ordinal0() + 7 - from_sunday) / 7),
            'V' => write!(text, "{:02}", week.week()),
            'w' => write!(text, "{from_sunday}"),
            'W' => write!(text, "{:02}", (time.ordinal0() + 7 - from_monday) / 7),
            'Y' => write!(text, "{:04}", time.year()),
            '%' => write!(text, "%"),
            _ => return None,
        };
        written.ok()?;
    }
    Some(text)
}

/// The difference of the first time to the second: the largest number of months that fits, as years and months, then the rest.
fn timediff<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(to), Some(from)) = (modifier::moved(&row[0], &[])?, modifier::moved(&row[1], &[])?) else {
        return Ok(Value::Null);
    };
    let (sign, low, high) = if to >= from { ('+', from, to) } else { ('-', to, from) };
    let (Some(start), Some(end)) = (low.fields(), high.fields()) else { return Ok(Value::Null) };
    // As SQLite, count months from the second time: forward by adding, backward by subtracting.
    let ahead = if sign == '+' { 1 } else { -1 };
    let (first, last) = if sign == '+' { (low, high) } else { (high, low) };
    let mut months = i64::from(end.year() - start.year()) * 12 + i64::from(end.month()) - i64::from(start.month());
    let reached = loop {
        match first.plus_months(months * ahead) {
            Some(reached) if (reached > last) == (ahead > 0) && reached != last => months -= 1,
            Some(reached) => break reached,
            None => return Ok(Value::Null),
        }
    };
    let rest = DateTime::from_timestamp_millis((last.millis() - reached.millis()).abs());
    let Some(rest) = rest else { return Ok(Value::Null) };
    Ok(Value::text(format!(
        "{sign}{:04}-{:02}-{:02} {}",
        months / 12,
        months % 12,
        rest.timestamp() / 86_400,
        rest.format("%H:%M:%S%.3f")
    )))
}
