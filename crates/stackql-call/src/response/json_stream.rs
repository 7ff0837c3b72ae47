//! Parses JSON as a stream, and formats the text of its values. Owns how JSON is quoted, compacted and sorted.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::response::sniff::{MAX_DEPTH, ParseError, WEB_PAGE, is_web_page, starts_with_any, utf8};

/// The message that scripts search for where markup is returned in place of JSON.
const NO_VALUE: &str = "invalid character '<' looking for beginning of value";

/// Parses the single value of a body.
pub(crate) fn parse<'de, S: DeserializeSeed<'de>>(body: &'de [u8], seed: S) -> Result<S::Value, ParseError> {
    let text = utf8(body)?;
    let bare = text.trim_start_matches('\u{feff}');
    if starts_with_any(text, "<") {
        let what = if is_web_page(text) { WEB_PAGE } else { "it is not JSON" };
        return Err(ParseError { at: 0, reason: format!("{what}: {NO_VALUE}") });
    }
    let mut deserializer = serde_json::Deserializer::from_str(bare);
    let value = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| {
        let reason = match error.classify() {
            Category::Eof => "it ends in the middle".to_owned(),
            Category::Data => without_place(&error),
            Category::Syntax | Category::Io => format!("not well-formed JSON: {}", without_place(&error)),
        };
        ParseError { at: (body.len() - bare.len()) as u64 + byte(bare.as_bytes(), &error), reason }
    })
}

/// The message of an error without its position.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    whole.rsplit_once(" at line ").map_or(&*whole, |(reason, _)| reason).to_owned()
}

/// The byte offset of an error in the body.
pub(crate) fn byte(body: &[u8], error: &serde_json::Error) -> u64 {
    let lines = body.split_inclusive(|b| *b == b'\n').take(error.line().saturating_sub(1));
    (lines.map(<[u8]>::len).sum::<usize>() + error.column().saturating_sub(1)) as u64
}

/// The name of a member, borrowed if it has no escapes.
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

/// The text of a value for a column: a string without its quotes, anything else compact; `None` for null.
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

/// Appends a value without white space between its tokens, and with the keys of its objects in byte order.
pub(crate) fn compact<E: Error>(raw: &RawValue, out: &mut String) -> Result<(), E> {
    let (begin, raw) = (out.len(), raw.get());
    let (mut quoted, mut escaped, mut from) = (false, false, 0);
    // For each open object or list, the previous key; and the range of the last string.
    let (mut open, mut text, mut is_sorted) = (Vec::<Option<&str>>::new(), 0..0, true);
    for (at, byte) in raw.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                text = if quoted { text.start..at } else { at + 1..at };
                quoted = !quoted;
            }
            _ if quoted => {}
            b':' => {
                if let Some(before) = open.last_mut() {
                    let key = &raw[text.clone()];
                    is_sorted &= before.is_none_or(|before| before <= key);
                    *before = Some(key);
                }
            }
            b'{' | b'[' if open.len() == MAX_DEPTH => return Err(E::custom("nested too deeply")),
            b'{' | b'[' => open.push(None),
            b'}' | b']' => drop(open.pop()),
            b' ' | b'\t' | b'\n' | b'\r' => {
                out.push_str(&raw[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push_str(&raw[from..]);
    if !is_sorted {
        let compact = out.split_off(begin);
        sort(&compact, out).map_err(E::custom)?;
    }
    Ok(())
}

/// Appends JSON text with sorted keys; everything else is copied unchanged.
fn sort(text: &str, out: &mut String) -> Result<(), serde_json::Error> {
    match text.as_bytes().first() {
        Some(b'{') => {
            let Members(mut members) = serde_json::from_str(text)?;
            members.sort_by(|(one, _), (other, _)| one.0.cmp(&other.0));
            out.push('{');
            for (at, (Name(key), value)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quote(out, key);
                out.push(':');
                sort(value.get(), out)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            out.push('[');
            for (at, item) in items.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                sort(item.get(), out)?;
            }
            out.push(']');
        }
        _ => out.push_str(text),
    }
    Ok(())
}

/// The members of an object, unparsed and in their order.
struct Members<'de>(Vec<(Name<'de>, &'de RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members<'de>, A::Error> {
                let mut all = Vec::new();
                while let Some(member) = members.next_entry()? {
                    all.push(member);
                }
                Ok(Members(all))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Appends the name of a member; `out` is the inside of an object.
pub(crate) fn member(out: &mut String, name: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    quote(out, name);
    out.push(':');
}

/// Appends a text as a JSON string.
pub(crate) fn quote(out: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    match text.bytes().all(is_plain) {
        true => out.extend(["\"", text, "\""]),
        false => out.push_str(&serde_json::Value::from(text).to_string()),
    }
}

#[cfg(test)]
mod tests;
