//! JSON values that keep their text: the order of members, and how numbers and strings are written.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::Error;
use crate::value::{Value, real_text};

/// The maximum nesting depth of JSON, which is that of `serde_json`.
pub(crate) const DEEPEST: usize = 128;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node<'a> {
    /// A string, number, `true`, `false` or `null`, as in the source text.
    Scalar(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Vec<(Key<'a>, Self)>),
}

/// The name of a member as in the source text, with quotes and escapes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'a> Key<'a> {
    /// The name without quotes and escapes.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        unquoted(&self.0)
    }
}

impl<'a> Node<'a> {
    pub(crate) const NULL: Self = Node::Scalar(Cow::Borrowed("null"));

    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        let raw = raw(text)?;
        if levels(text) > DEEPEST {
            return Err(Error::TooDeep(DEEPEST));
        }
        Self::within(raw)
    }

    fn within(raw: &'a RawValue) -> Result<Self, Error> {
        let text = raw.get();
        let malformed = |error: serde_json::Error| Error::MalformedJson(error.to_string());
        match text.as_bytes().first() {
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(malformed)?;
                Ok(Node::Array(items.into_iter().map(Self::within).collect::<Result<_, _>>()?))
            }
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text).map_err(malformed)?;
                let member = |(key, value): (&'a RawValue, &'a RawValue)| {
                    Ok((Key(Cow::Borrowed(key.get())), Self::within(value)?))
                };
                Ok(Node::Object(members.into_iter().map(member).collect::<Result<_, Error>>()?))
            }
            _ => Ok(Node::Scalar(Cow::Borrowed(text))),
        }
    }

    /// Converts a cell to JSON: JSON is parsed, any other value becomes a scalar.
    pub(crate) fn from_value(value: &'a Value<'_>) -> Result<Self, Error> {
        Ok(match value {
            Value::Null => Self::NULL,
            Value::Boolean(truth) => Self::scalar(truth.to_string()),
            Value::Integer(number) => Self::scalar(number.to_string()),
            Value::Real(number) if number.is_finite() => Self::scalar(real_text(*number)),
            // JSON has no infinity. As SQLite does, write a number that overflows to infinity when it is parsed.
            Value::Real(number) => Self::scalar(if *number > 0.0 { "9.0e+999" } else { "-9.0e+999" }),
            Value::Text(text) => Self::scalar(quoted(text)),
            Value::Json(text) => Self::parse(text)?,
            Value::Blob(_) => return Err(Error::Arguments("JSON cannot hold BLOB values")),
        })
    }

    fn scalar(text: impl Into<Cow<'a, str>>) -> Self {
        Node::Scalar(text.into())
    }

    /// SQLite's name of the type of the value, as `json_type` returns it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Node::Array(_) => "array",
            Node::Object(_) => "object",
            Node::Scalar(text) => match text.as_bytes().first() {
                Some(b'n') => "null",
                Some(b't') => "true",
                Some(b'f') => "false",
                Some(b'"') => "text",
                _ if text.contains(['.', 'e', 'E']) => "real",
                _ => "integer",
            },
        }
    }

    /// The value as a cell: a string without its quotes, an array or object as JSON.
    pub(crate) fn to_cell(&self) -> Value<'static> {
        match self {
            Node::Scalar(text) => match self.kind() {
                "null" => Value::Null,
                "true" => Value::Integer(1),
                "false" => Value::Integer(0),
                "text" => Value::text(unquoted(text).into_owned()),
                // A number stays text, because neither f64 nor i64 can hold all its digits.
                _ => Value::text(text.clone().into_owned()),
            },
            _ => Value::Json(Cow::Owned(self.to_string())),
        }
    }

    pub(crate) fn to_json(&self) -> Value<'static> {
        Value::Json(Cow::Owned(self.to_string()))
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Scalar(text) => f.write_str(text),
            Node::Array(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Node::Object(members) => {
                f.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    write!(f, "{}{}:{value}", if index > 0 { "," } else { "" }, key.0)?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Checks that the text is JSON, and trims the white space around it.
pub(crate) fn raw(text: &str) -> Result<&RawValue, Error> {
    serde_json::from_str(text).map_err(|error| Error::MalformedJson(error.to_string()))
}

/// The nesting depth of JSON. Each level is parsed separately, so the depth is checked before the first one.
fn levels(json: &str) -> usize {
    let (mut open, mut most, mut is_text, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => {
                open += 1;
                most = most.max(open);
            }
            b']' | b'}' if !is_text => open = open.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// The text of a JSON string. With an unpaired surrogate escape, which denotes no character, it is the source text.
fn unquoted(json: &str) -> Cow<'_, str> {
    let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    match inner.contains('\\') {
        false => Cow::Borrowed(inner),
        true => serde_json::from_str(json).map_or(Cow::Borrowed(inner), Cow::Owned),
    }
}

/// The members of an object in their order, with unparsed names and duplicates included.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
