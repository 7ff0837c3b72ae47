//! Cells as SQLite sees them: whatever the column's type is, a row has a number, a text, JSON, a blob or NULL.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, Float64Builder, Int64Builder, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type, UInt64Type};
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;

/// The key of the field metadata with the format of a text column.
pub const FORMAT_KEY: &str = "stackql.format";
/// The value of [`FORMAT_KEY`] for JSON.
pub const JSON: &str = "json";

/// The value of [`FORMAT_KEY`] for plain text, also where it looks like JSON.
pub const TEXT: &str = "text";

/// The value of one cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(Cow<'a, str>),
    /// JSON by the metadata of its column; text that only looks like JSON is [`Self::Text`].
    Json(Cow<'a, str>),
    Blob(Cow<'a, [u8]>),
}

/// The type of a function's results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Integer,
    /// 1 or 0, which is accepted as a condition.
    Answer,
    Real,
    Text,
    /// Text that consumers must not parse as JSON, even if it looks like it.
    Plain,
    Json,
    Blob,
}

impl Type {
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Integer | Self::Answer => DataType::Int64,
            Self::Real => DataType::Float64,
            Self::Text | Self::Plain | Self::Json => DataType::Utf8,
            Self::Blob => DataType::Binary,
        }
    }

    pub(crate) fn field(self, name: &str) -> Field {
        let field = Field::new(name, self.data_type(), true);
        let marked = |format: &str| [(FORMAT_KEY.to_owned(), format.to_owned())].into();
        match self {
            Self::Json => field.with_metadata(marked(JSON)),
            Self::Plain => field.with_metadata(marked(TEXT)),
            _ => field,
        }
    }
}

impl<'a> Value<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as text; `None` for NULL.
    pub(crate) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => None,
            Self::Boolean(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
            Self::Integer(number) => Some(Cow::Owned(number.to_string())),
            Self::Real(number) => Some(Cow::Owned(real_text(*number))),
            Self::Text(text) | Self::Json(text) => Some(Cow::Borrowed(text)),
            Self::Blob(bytes) => Some(String::from_utf8_lossy(bytes)),
        }
    }

    /// The value as a float. For a text, the number that it begins with, or zero; `None` for NULL.
    pub(crate) fn as_real(&self) -> Option<f64> {
        match self {
            Self::Null => None,
            Self::Boolean(truth) => Some(f64::from(*truth)),
            Self::Integer(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Text(_) | Self::Json(_) | Self::Blob(_) => self.as_text().map(|text| leading_number(&text)),
        }
    }

    /// The value as a float; `None` for NULL, for a blob and for a text that is not a number.
    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Text(text) | Self::Json(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Blob(_) => None,
            _ => self.as_real(),
        }
    }

    /// The value as an integer, truncated towards zero. For a text, the number that it begins with, or zero; `None` for NULL.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(text) => match text.trim().parse() {
                Ok(number) => Some(number),
                Err(_) => Some(leading_number(text) as i64),
            },
            _ => self.as_real().map(|number| number as i64),
        }
    }
}

/// The number that a text begins with, or zero.
fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    end += digits(end);
    if bytes.get(end) == Some(&b'.') {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    text[..end].parse().unwrap_or(0.0)
}

/// Formats a float as SQLite does: always with a decimal point or an exponent.
pub(crate) fn real_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Inf" } else { "-Inf" }.to_owned();
    }
    let text = format!("{number:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => {
            let point = if digits.contains('.') { "" } else { ".0" };
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(rest) => ('-', rest),
                None => ('+', exponent),
            };
            format!("{digits}{point}e{sign}{exponent:0>2}")
        }
    }
}

/// The cells of one argument, cast to one of the types of [`Value`].
#[derive(Debug)]
pub(crate) struct Column {
    cells: ArrayRef,
    is_json: bool,
    /// Whether its one cell applies to all rows.
    is_constant: bool,
}

impl Column {
    /// The cells of an argument; the metadata of its field decides whether they are JSON.
    pub(crate) fn from_argument(argument: &ColumnarValue, field: &Field) -> Result<Self> {
        let (cells, is_constant) = match argument {
            ColumnarValue::Array(cells) => (Arc::clone(cells), false),
            ColumnarValue::Scalar(one) => (one.to_array_of_size(1)?, true),
        };
        let is_json = field.metadata().get(FORMAT_KEY).is_some_and(|format| format == JSON);
        Ok(Self { is_constant, ..Self::of_array(&cells, is_json)? })
    }

    pub(crate) fn of_array(cells: &ArrayRef, is_json: bool) -> Result<Self> {
        let plain = match cells.data_type() {
            DataType::Null | DataType::Boolean | DataType::Int64 | DataType::Float64 => None,
            DataType::Utf8 | DataType::Binary => None,
            // As in SQLite, an integer above the range of i64 becomes a float.
            DataType::UInt64 => {
                let is_large = cells.as_primitive::<UInt64Type>().iter().flatten().any(|n| i64::try_from(n).is_err());
                Some(if is_large { DataType::Float64 } else { DataType::Int64 })
            }
            kind if kind.is_integer() => Some(DataType::Int64),
            kind if kind.is_numeric() => Some(DataType::Float64),
            DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Some(DataType::Binary),
            _ => Some(DataType::Utf8),
        };
        let cells = match plain {
            None => Arc::clone(cells),
            Some(kind) => cast(cells, &kind)?,
        };
        Ok(Self { cells, is_json, is_constant: false })
    }

    pub(crate) fn get(&self, row: usize) -> Value<'_> {
        let row = if self.is_constant { 0 } else { row };
        let cells = self.cells.as_ref();
        if cells.is_null(row) {
            return Value::Null;
        }
        match cells.data_type() {
            DataType::Boolean => Value::Boolean(cells.as_boolean().value(row)),
            DataType::Int64 => Value::Integer(cells.as_primitive::<Int64Type>().value(row)),
            DataType::Float64 => Value::Real(cells.as_primitive::<Float64Type>().value(row)),
            DataType::Utf8 if self.is_json => Value::Json(Cow::Borrowed(cells.as_string::<i32>().value(row))),
            DataType::Utf8 => Value::Text(Cow::Borrowed(cells.as_string::<i32>().value(row))),
            DataType::Binary => Value::Blob(Cow::Borrowed(cells.as_binary::<i32>().value(row))),
            _ => Value::Null,
        }
    }
}

/// A builder for the cells of a result.
#[derive(Debug)]
pub(crate) enum Cells {
    Integer(Int64Builder),
    Real(Float64Builder),
    Text(StringBuilder),
    Blob(BinaryBuilder),
}

impl Cells {
    pub(crate) fn new(kind: Type) -> Self {
        match kind {
            Type::Integer | Type::Answer => Self::Integer(Int64Builder::new()),
            Type::Real => Self::Real(Float64Builder::new()),
            Type::Text | Type::Plain | Type::Json => Self::Text(StringBuilder::new()),
            Type::Blob => Self::Blob(BinaryBuilder::new()),
        }
    }

    pub(crate) fn push(&mut self, value: &Value<'_>) {
        match self {
            Self::Integer(cells) => cells.append_option(value.as_integer()),
            Self::Real(cells) => cells.append_option(value.as_real()),
            Self::Text(cells) => cells.append_option(value.as_text()),
            Self::Blob(cells) => match value {
                Value::Blob(bytes) => cells.append_value(bytes),
                other => cells.append_option(other.as_text().map(|text| text.into_owned().into_bytes())),
            },
        }
    }

    pub(crate) fn finish(self) -> ArrayRef {
        match self {
            Self::Integer(mut cells) => Arc::new(cells.finish()),
            Self::Real(mut cells) => Arc::new(cells.finish()),
            Self::Text(mut cells) => Arc::new(cells.finish()),
            Self::Blob(mut cells) => Arc::new(cells.finish()),
        }
    }
}

/// Formats a non-negative float with this number of decimals, rounding half up.
pub(crate) fn rounded(number: f64, digits: usize) -> String {
    // No float has more decimals.
    let digits = digits.min(1100);
    let exact = format!("{number:.0$}", digits + 60);
    let rest = exact.get(exact.len() - 60..).unwrap_or_default();
    let is_half = rest.starts_with('5') && rest[1..].bytes().all(|digit| digit == b'0');
    // `format!` rounds half to even, so an exact half is moved up first.
    format!("{:.digits$}", if is_half { number.next_up() } else { number })
}
