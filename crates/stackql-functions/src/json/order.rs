//! The order of JSON values in SQLite: numbers by value, then texts by their bytes. Arrays and objects are ordered as their
//! text, `true` and `false` as 1 and 0, and `null` as NULL.
//!
//! The sort key of a value is a byte string with the same order. A key may carry its value, so that the value can be extracted
//! from the least and the greatest key.

use std::borrow::Cow;

use super::node::Node;
use super::read::{as_text, document};
use crate::function::Function;
use crate::value::{Type, Value};

pub(crate) const ALL: &[Function] = &[
    Function::new(
        "json_order",
        (1, 1),
        Type::Blob,
        |row| Ok(key(&row[0]).map_or(Value::Null, |key| Value::Blob(Cow::Owned(key)))),
        ("json_order(x)", "what x is ordered by", "hex(json_order('1'))"),
    ),
    Function::new(
        "json_ranked",
        (1, 1),
        Type::Blob,
        |row| Ok(ranked(&row[0]).map_or(Value::Null, |key| Value::Blob(Cow::Owned(key)))),
        ("json_ranked(x)", "what x is ordered by, with x in it", "hex(json_ranked('1'))"),
    ),
    Function::new(
        "json_of_rank",
        (1, 1),
        Type::Json,
        |row| {
            Ok(match &row[0] {
                Value::Blob(key) => Value::Json(String::from_utf8_lossy(of_rank(key)).into_owned().into()),
                _ => Value::Null,
            })
        },
        ("json_of_rank(x)", "the x that json_ranked was given", "json_of_rank(json_ranked('1'))"),
    ),
    Function::new(
        "json_cell",
        (1, 1),
        Type::Text,
        |row| {
            Ok(match document(&row[0])?.map(|node| node.to_cell()) {
                Some(Value::Json(text)) => Value::Text(text),
                Some(cell) => cell,
                None => Value::Null,
            })
        },
        ("json_cell(x)", "x as json_extract gives it", "json_cell('\"a\"')"),
    ),
    Function::new(
        "json_cell_text",
        (1, 1),
        Type::Text,
        |row| {
            Ok(match document(&row[0])?.map(|node| as_text(&node)) {
                Some(Value::Json(text)) => Value::Text(text),
                Some(cell) => cell,
                None => Value::Null,
            })
        },
        ("json_cell_text(x)", "x as ->> gives it", "json_cell_text('\"a\"')"),
    ),
];

const NUMBER: u8 = 1;
const TEXT: u8 = 2;
/// The length of a number's sort key: the tag, the nearest float, and the difference of the number to it.
const NUMBER_LENGTH: usize = 1 + size_of::<u64>() + size_of::<u16>();

/// A value as it is ordered. A number is its nearest float, and the difference of the number to it.
enum Ordered<'a> {
    Number(f64, i16),
    Text(Cow<'a, str>),
}

fn ordered<'a>(text: &'a str) -> Option<Ordered<'a>> {
    let text = text.trim();
    Some(match text.as_bytes().first() {
        Some(b'n') if text == "null" => return None,
        Some(b't') if text == "true" => Ordered::Number(1.0, 0),
        Some(b'f') if text == "false" => Ordered::Number(0.0, 0),
        Some(b'"') => match Node::Scalar(Cow::Borrowed(text)).to_cell() {
            Value::Text(text) => Ordered::Text(text),
            _ => Ordered::Text(Cow::Borrowed(text)),
        },
        Some(b'-' | b'0'..=b'9') => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => {
                let near = whole as f64;
                let off = i128::from(whole) - near as i128;
                Ordered::Number(near, i16::try_from(off).unwrap_or_default())
            }
            (Err(_), Ok(number)) => Ordered::Number(number, 0),
            _ => Ordered::Text(Cow::Borrowed(text)),
        },
        _ => Ordered::Text(Cow::Borrowed(text)),
    })
}

fn number_key(near: f64, off: i16) -> Vec<u8> {
    // Adding 0.0 turns -0.0 into 0.0.
    let bits = (near + 0.0).to_bits();
    let bits = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    let off = (off as u16) ^ 0x8000;
    let mut key = Vec::with_capacity(NUMBER_LENGTH);
    key.push(NUMBER);
    key.extend(bits.to_be_bytes());
    key.extend(off.to_be_bytes());
    key
}

fn key(value: &Value<'_>) -> Option<Vec<u8>> {
    let text = value.as_text()?;
    Some(match ordered(&text)? {
        Ordered::Number(near, off) => number_key(near, off),
        Ordered::Text(text) => [&[TEXT], text.as_bytes()].concat(),
    })
}

/// The sort key followed by the value.
fn ranked(value: &Value<'_>) -> Option<Vec<u8>> {
    let text = value.as_text()?;
    let mut key = match ordered(&text)? {
        Ordered::Number(near, off) => number_key(near, off),
        Ordered::Text(text) => {
            // Two zero bytes end the text, so that the value after it never decides between different texts.
            let mut key = vec![TEXT];
            for byte in text.bytes() {
                key.push(byte);
                if byte == 0 {
                    key.push(0xff);
                }
            }
            key.extend([0, 0]);
            key
        }
    };
    key.extend(text.trim().as_bytes());
    Some(key)
}

/// The value that follows a sort key.
fn of_rank(key: &[u8]) -> &[u8] {
    let end = match key.first() {
        Some(&NUMBER) => Some(NUMBER_LENGTH),
        _ => key.windows(2).position(|two| two == [0, 0]).map(|at| at + 2),
    };
    end.and_then(|end| key.get(end..)).unwrap_or_default()
}
