//! Finds the values that a definition marks as secret in a JSON or XML document.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use stackql_provider::Secret;

use super::REDACTED;

/// The nesting depth above which JSON is not searched.
const MAX_DEPTH: usize = 128;
/// How many XML elements surround the members of a response at most: AWS's query protocols have two.
const ENVELOPES: usize = 2;

/// A byte range of a text, and its replacement.
pub(super) type Replacement = (Range<usize>, String);

/// The outcome of a search for secrets.
pub(super) enum Found {
    /// The text is a complete document; these are its secrets, in their order.
    Document(Vec<Replacement>),
    /// The text begins like a document and is malformed, or nested too deeply.
    Unreadable,
    /// The text is not a document.
    Text,
}

/// Searches a text for the marked secrets.
pub(super) fn find(text: &str, secrets: &[Secret]) -> Found {
    let found = match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => json(text, secrets),
        Some(b'<') => xml(text, secrets),
        _ => return Found::Text,
    };
    found.map_or(Found::Unreadable, Found::Document)
}

/// The end of the first name of a marked secret in a malformed document, in bytes: the name of a JSON member or an XML
/// element.
pub(super) fn behind_first_name(text: &str, secrets: &[Secret]) -> Option<usize> {
    let ends = |name: &str| {
        let is_name = |at: usize| {
            let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
            let is_member = before == Some('"') && after == Some('"');
            let is_element =
                matches!(before, Some('<' | ':')) && after.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            is_member || is_element
        };
        text.match_indices(name).map(|(at, _)| at).find(|at| is_name(*at)).map(|at| at + name.len())
    };
    secrets.iter().filter_map(|secret| ends(&secret.name)).min()
}

/// Whether a member of this name is secret. `path` has the names around it, of which at most `envelopes` are not part of the
/// response itself.
pub(super) fn is_secret<'p>(
    secrets: &[Secret],
    path: impl Iterator<Item = &'p str> + Clone,
    name: &str,
    envelopes: usize,
) -> bool {
    secrets.iter().filter(|secret| secret.name == name).any(|secret| match &secret.parent {
        Some(parent) => path.clone().any(|around| around == parent),
        None => path.clone().count() <= envelopes,
    })
}

/// The secrets of one JSON document, or of several in a row; `None` if one is malformed.
fn json(text: &str, secrets: &[Secret]) -> Option<Vec<Replacement>> {
    let mut walk = Json { text, secrets, path: Vec::new(), out: Vec::new() };
    for document in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        walk.value(document.ok()?, false, 0)?;
    }
    Some(walk.out)
}

struct Json<'a> {
    text: &'a str,
    secrets: &'a [Secret],
    path: Vec<String>,
    out: Vec<Replacement>,
}

impl<'a> Json<'a> {
    fn value(&mut self, value: &'a RawValue, hidden: bool, depth: usize) -> Option<()> {
        let written = value.get();
        match written.as_bytes().first()? {
            _ if depth > MAX_DEPTH => return None,
            b'{' => {
                for (name, value) in serde_json::Deserializer::from_str(written).deserialize_map(Members).ok()? {
                    let hidden = hidden || is_secret(self.secrets, self.path.iter().map(String::as_str), &name, 0);
                    self.path.push(name);
                    self.value(value, hidden, depth + 1)?;
                    self.path.pop();
                }
            }
            b'[' => {
                for value in serde_json::from_str::<Vec<&RawValue>>(written).ok()? {
                    self.value(value, hidden, depth + 1)?;
                }
            }
            b't' | b'f' | b'n' => {}
            first if hidden => {
                // Both are slices of the same text.
                let start = written.as_ptr().addr() - self.text.as_ptr().addr();
                // A number is replaced by a number, so that the document still decodes.
                let mask = if *first == b'"' { format!("\"{REDACTED}\"") } else { "0".to_owned() };
                self.out.push((start..start + written.len(), mask));
            }
            _ => {}
        }
        Some(())
    }
}

/// Visits the members of an object in their order, duplicates included.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut out = Vec::new();
        while let Some(member) = map.next_entry()? {
            out.push(member);
        }
        Ok(out)
    }
}

fn xml(text: &str, secrets: &[Secret]) -> Option<Vec<Replacement>> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, bool)> = Vec::new();
    let mut out: Vec<Replacement> = Vec::new();
    loop {
        let start = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        let end = usize::try_from(reader.buffer_position()).ok()?;
        let hidden = open.last().is_some_and(|(_, hidden)| *hidden);
        match event {
            Event::Start(tag) => {
                let name = tag.local_name().into_inner().to_owned();
                let path = open.iter().map(|(name, _)| name.as_str());
                let hidden = hidden || is_secret(secrets, path, &name, ENVELOPES);
                open.push((name, hidden));
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)
                if hidden && !text[start..end].trim().is_empty() =>
            {
                match out.last_mut() {
                    // The reader splits a text at references, so adjacent events are one secret.
                    Some((range, _)) if range.end == start => range.end = end,
                    _ => out.push((start..end, REDACTED.to_owned())),
                }
            }
            Event::Eof => return open.is_empty().then_some(out),
            _ => {}
        }
    }
}
