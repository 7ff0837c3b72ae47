//! Reading JSON as a stream, and the text of its values. Owns how JSON is quoted and compacted.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::body::{Broken, MAX_DEPTH, WEB_PAGE, begins, is_web_page, utf8};

mod find;
mod shape;

pub(crate) use find::{Find, Paths, texts};
pub(crate) use shape::{NULL, Shape, Shaped};

/// What scripts look for where markup stands in place of JSON.
const NO_VALUE: &str = "invalid character '<' looking for beginning of value";

/// Reads the one value of a body.
pub(crate) fn read<'de, S: DeserializeSeed<'de>>(body: &'de [u8], seed: S) -> Result<S::Value, Broken> {
    let text = utf8(body)?;
    let bare = text.trim_start_matches('\u{feff}');
    if begins(text, "<") {
        let what = if is_web_page(text) { WEB_PAGE } else { "it is not JSON" };
        return Err(Broken { at: 0, reason: format!("{what}: {NO_VALUE}") });
    }
    let mut deserializer = serde_json::Deserializer::from_str(bare);
    let value = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| {
        let reason = match error.classify() {
            Category::Eof => "it ends in the middle".to_owned(),
            Category::Data => without_place(&error),
            Category::Syntax | Category::Io => format!("not well-formed JSON: {}", without_place(&error)),
        };
        Broken { at: (body.len() - bare.len()) as u64 + byte(bare.as_bytes(), &error), reason }
    })
}

/// What is wrong; where is said apart.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    whole.rsplit_once(" at line ").map_or(&*whole, |(reason, _)| reason).to_owned()
}

/// The byte that an error is about.
pub(crate) fn byte(body: &[u8], error: &serde_json::Error) -> u64 {
    let lines = body.split_inclusive(|b| *b == b'\n').take(error.line().saturating_sub(1));
    (lines.map(<[u8]>::len).sum::<usize>() + error.column().saturating_sub(1)) as u64
}

/// A member's name, borrowed where it has no escapes.
#[derive(Debug)]
pub(crate) struct Name<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A value as it is used: a text without its quotes, anything else as it is written. `None` for null.
pub(crate) fn plain(raw: &RawValue) -> Result<Option<Cow<'_, str>>, serde_json::Error> {
    let written = raw.get();
    match written.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') if !written.contains('\\') => Ok(Some(Cow::Borrowed(&written[1..written.len() - 1]))),
        Some(b'"') => serde_json::from_str(written).map(|Name(text)| Some(text)),
        Some(b'{' | b'[') => compacted(raw).map(|text| Some(Cow::Owned(text))),
        _ => Ok(Some(Cow::Borrowed(written))),
    }
}

fn compacted(raw: &RawValue) -> Result<String, serde_json::Error> {
    let mut out = String::with_capacity(raw.get().len());
    compact(raw, &mut out)?;
    Ok(out)
}

/// Appends a value without the white space between its parts.
pub(crate) fn compact<E: Error>(raw: &RawValue, out: &mut String) -> Result<(), E> {
    let raw = raw.get();
    let (mut depth, mut quoted, mut escaped, mut from) = (0usize, false, false, 0);
    for (at, byte) in raw.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' if depth == MAX_DEPTH => return Err(E::custom("nested too deeply")),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b' ' | b'\t' | b'\n' | b'\r' => {
                out.push_str(&raw[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push_str(&raw[from..]);
    Ok(())
}

/// Begins a member of the object whose inside `out` is.
pub(crate) fn member(out: &mut String, name: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    quote(out, name);
    out.push(':');
}

/// Appends a text with its quotes.
pub(crate) fn quote(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests;
