//! Reading JSON as a stream: values by paths of names, and the text of values. Owns how JSON is quoted and compacted.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::body::{Broken, MAX_DEPTH, begins, text};

mod shape;

pub(crate) use shape::{NULL, Shape, Shaped};

/// Reads the one value of a body.
pub(crate) fn read<'de, S: DeserializeSeed<'de>>(body: &'de [u8], seed: S) -> Result<S::Value, Broken> {
    let text = text(body)?;
    let bare = text.trim_start_matches('\u{feff}');
    if begins(text, "<") {
        return Err(Broken { at: 0, reason: "it is not JSON".to_owned() });
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

/// Paths that still lead below the value at hand, each with its number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paths<'p>(Vec<(usize, &'p [String])>);

impl<'p> Paths<'p> {
    pub(crate) fn new(paths: &[&'p [String]]) -> Self {
        Self(paths.iter().copied().enumerate().filter(|(_, path)| !path.is_empty()).collect())
    }

    /// Those that go through the member of this name.
    pub(crate) fn below(&self, name: &str) -> Self {
        let through = |(at, path): &(usize, &'p [String])| match path {
            [first, rest @ ..] if first == name => Some((*at, rest)),
            _ => None,
        };
        Self(self.0.iter().filter_map(through).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them ends here.
    pub(crate) fn is_end(&self) -> bool {
        self.0.iter().any(|(_, rest)| rest.is_empty())
    }
}

/// Finds the values at paths below the value that is read, the first of each; a list is passed through. Null, false
/// and an empty text are none.
#[derive(Debug)]
pub(crate) struct Find<'p, 'f> {
    pub(crate) paths: Paths<'p>,
    pub(crate) found: &'f mut [Option<String>],
}

impl<'de> DeserializeSeed<'de> for Find<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.paths.is_empty() {
            IgnoredAny::deserialize(deserializer)?;
            return Ok(());
        }
        if !self.paths.is_end() {
            return deserializer.deserialize_any(Shaped(self));
        }
        self.ends(<&RawValue>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Find<'_, '_> {
    /// Takes the value at which a path ends, and looks below it for the paths that do not.
    pub(crate) fn ends(mut self, raw: &RawValue) -> Result<(), serde_json::Error> {
        for (at, _) in self.paths.0.extract_if(.., |(_, rest)| rest.is_empty()) {
            if self.found[at].is_none() && raw.get() != "false" {
                self.found[at] = plain(raw)?.filter(|text| !text.is_empty()).map(Cow::into_owned);
            }
        }
        match self.paths.is_empty() {
            true => Ok(()),
            false => self.deserialize(&mut serde_json::Deserializer::from_str(raw.get())),
        }
    }
}

impl<'de> Shape<'de> for Find<'_, '_> {
    type Value = ();

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = members.next_key()? {
            members.next_value_seed(Find { paths: self.paths.below(&name), found: &mut *self.found })?;
        }
        Ok(())
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Find { paths: self.paths.clone(), found: &mut *self.found })?.is_some() {}
        Ok(())
    }

    fn scalar<E: Error>(self, _kind: &'static str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
