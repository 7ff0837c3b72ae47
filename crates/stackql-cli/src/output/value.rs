//! Formats one value of an Arrow array as text or JSON, and escapes text for terminals.

use std::borrow::Cow;
use std::fmt::Write as _;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::de::IgnoredAny;

use super::interval::Interval;

/// Metadata key and value that mark a text column as JSON.
const FORMAT: (&str, &str) = ("stackql.format", "json");

/// Whether the field is marked as JSON text.
pub(super) fn holds_json(field: &Field) -> bool {
    field.metadata().get(FORMAT.0).is_some_and(|f| f == FORMAT.1)
}

/// The value in tables, CSV and text. NULL is `null`; an untyped NULL literal is empty.
pub(super) fn text(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return "null".to_owned();
    }
    match array.data_type() {
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => array.as_primitive::<Float32Type>().value(row).to_string(),
        DataType::List(_) | DataType::LargeList(_) | DataType::Struct(_) => {
            let mut out = String::new();
            write_json(&mut out, array, row, false);
            out
        }
        _ => formatted(array, row),
    }
}

/// Appends the value in the format of [`text`].
pub(super) fn write_text(out: &mut String, array: &dyn Array, row: usize) {
    if !write_plain(out, array, row) {
        out.push_str(&text(array, row));
    }
}

/// Fast path: appends a value of a common type whose text is the same in all formats; returns false for other types.
fn write_plain(out: &mut String, array: &dyn Array, row: usize) -> bool {
    if array.is_null(row) {
        return false;
    }
    match array.data_type() {
        DataType::Utf8 => out.push_str(array.as_string::<i32>().value(row)),
        DataType::Boolean => out.push_str(if array.as_boolean().value(row) { "true" } else { "false" }),
        // Writing to a `String` cannot fail.
        DataType::Int64 => drop(write!(out, "{}", array.as_primitive::<Int64Type>().value(row))),
        _ => return false,
    }
    true
}

/// The value as the Go program writes it to JSON, where every value is a string in the format of its SQL database.
pub(super) fn database_text(array: &dyn Array, row: usize) -> String {
    match array.data_type() {
        DataType::Null => "null".to_owned(),
        DataType::Float32 | DataType::Float64 if !array.is_null(row) => {
            let text = text(array, row);
            let is_whole = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            if is_whole { format!("{text}.0") } else { text }
        }
        _ => text(array, row),
    }
}

/// Appends the value as typed JSON. If `nested`, text that is valid JSON is embedded instead of quoted.
pub(super) fn write_json(out: &mut String, array: &dyn Array, row: usize, nested: bool) {
    if array.is_null(row) || array.data_type() == &DataType::Null {
        return out.push_str("null");
    }
    match array.data_type() {
        DataType::Boolean | DataType::Int64 => drop(write_plain(out, array, row)),
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => out.push_str(&formatted(array, row)),
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            if value.is_finite() { out.push_str(&float(value)) } else { write_string(out, &value.to_string()) }
        }
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            if value.is_finite() { out.push_str(&value.to_string()) } else { write_string(out, &value.to_string()) }
        }
        DataType::List(_) => write_list(out, array.as_list::<i32>().value(row).as_ref()),
        DataType::LargeList(_) => write_list(out, array.as_list::<i64>().value(row).as_ref()),
        DataType::Struct(fields) => {
            let columns = array.as_struct();
            out.push('{');
            for (i, field) in fields.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(out, field.name());
                out.push(':');
                write_json(out, columns.column(i).as_ref(), row, holds_json(field));
            }
            out.push('}');
        }
        DataType::Utf8 => write_json_text(out, array.as_string::<i32>().value(row), nested),
        _ => write_json_text(out, &formatted(array, row), nested),
    }
}

fn write_json_text(out: &mut String, value: &str, nested: bool) {
    match nested.then(|| compact(value)).flatten() {
        Some(json) => out.push_str(&json),
        None => write_string(out, value),
    }
}
/// Appends text as a JSON string.
pub(super) fn write_string(out: &mut String, text: &str) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        return out.extend(["\"", text, "\""]);
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Escapes text for a terminal: control characters and bidirectional formatting characters are spelled out.
pub(crate) fn for_terminal(text: &str) -> Cow<'_, str> {
    spelled(text, |c| match c.is_control() {
        true => format!("\\x{:02x}", u32::from(c)),
        false => format!("\\u{:04x}", u32::from(c)),
    })
}

/// Escapes a line of JSON for a terminal by `\u` escapes, which leaves its value unchanged.
pub(super) fn json_for_terminal(json: &str) -> Cow<'_, str> {
    spelled(json, |c| format!("\\u{:04x}", u32::from(c)))
}

fn spelled(text: &str, spell: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if steers(c) { spell(c) } else { c.to_string() }).collect())
}

/// Whether the character is a control character (except newline and tab) or changes the direction of text.
fn steers(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && c != '\n' && c != '\t')
}

/// The column names as keys of an object; repeated names get a numeric suffix.
pub(super) fn keys(schema: &arrow::datatypes::Schema) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for field in schema.fields() {
        let mut key = field.name().clone();
        let mut number = 1;
        while keys.contains(&key) {
            number += 1;
            key = format!("{}_{number}", field.name());
        }
        keys.push(key);
    }
    keys
}

fn formatted(array: &dyn Array, row: usize) -> String {
    if let Some(interval) = Interval::from_array(array, row) {
        return interval.to_string();
    }
    let options = FormatOptions::default();
    match ArrayFormatter::try_new(array, &options) {
        Ok(formatter) => formatter.value(row).to_string(),
        Err(e) => format!("<{e}>"),
    }
}

/// The shortest text that parses back to the same number; very large or small numbers are written with an exponent.
fn float(value: f64) -> String {
    let is_long = value != 0.0 && value.is_finite() && !(1e-4..1e21).contains(&value.abs());
    if !is_long {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e').and_then(|(digits, exponent)| Some((digits, exponent.parse::<i32>().ok()?))) {
        Some((digits, exponent)) => format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()),
        None => text,
    }
}

fn write_list(out: &mut String, items: &dyn Array) {
    out.push('[');
    for i in 0..items.len() {
        if i > 0 {
            out.push(',');
        }
        write_json(out, items, i, false);
    }
    out.push(']');
}

/// The JSON of a text on one line; `None` if it is not JSON.
fn compact(text: &str) -> Option<Cow<'_, str>> {
    if text.contains(['\n', '\r', '\t']) {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        return Some(Cow::Owned(value.to_string()));
    }
    serde_json::from_str::<IgnoredAny>(text).ok().map(|_| Cow::Borrowed(text))
}
