//! An XML document as a tree, for templates. Owns the conversion of elements to maps; rows are decoded by the streaming reader
//! in [`crate::response::xml`] instead.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use gotmpl::Value;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::response::sniff::{MAX_DEPTH, ParseError};

/// The characters that are trimmed from text in maps.
const AROUND: [char; 5] = ['\t', '\r', '\u{8}', '\n', ' '];

/// An XML element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// The name without its prefix.
    pub(super) name: String,
    /// Attributes by their names without prefixes, in the order of the document.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Child>,
    /// The byte range of the element in the document, tags included.
    pub(super) outer: Range<usize>,
}

/// A child of an element.
#[derive(Debug)]
pub(super) enum Child {
    Element(Element),
    /// Adjacent text, with its references resolved.
    Text(String),
}

impl Element {
    /// Parses a document into a nameless root element, whose child is the outermost element.
    pub(super) fn document(text: &str) -> Result<Self, ParseError> {
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            let start = position(&reader);
            let event = reader.read_event().map_err(|error| ParseError {
                at: reader.error_position(),
                reason: format!("not well-formed XML: {error}"),
            })?;
            let broken = |reason: String| ParseError { at: start as u64, reason };
            match event {
                Event::Start(tag) => {
                    if open.len() > MAX_DEPTH {
                        return Err(broken("nested too deeply".to_owned()));
                    }
                    open.push(Self::begun(&tag, start).map_err(broken)?);
                }
                Event::Empty(tag) => {
                    let mut element = Self::begun(&tag, start).map_err(broken)?;
                    element.outer.end = position(&reader);
                    push(&mut open, Child::Element(element));
                }
                Event::End(_) => {
                    if let Some(mut element) = open.pop() {
                        element.outer.end = position(&reader);
                        push(&mut open, Child::Element(element));
                    }
                }
                Event::Text(piece) => append(&mut open, &piece.xml10_content()),
                Event::CData(piece) => append(&mut open, &piece.xml10_content()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(c)) => append(&mut open, c.encode_utf8(&mut [0; 4])),
                    Ok(None) => {
                        let name = reference.xml10_content();
                        let known = resolve_predefined_entity(&name);
                        append(&mut open, known.ok_or_else(|| broken(format!("the unknown entity &{name};")))?);
                    }
                    Err(error) => return Err(broken(format!("a bad character reference: {error}"))),
                },
                Event::DocType(_) => {
                    return Err(broken("a document type declaration, which is refused".to_owned()));
                }
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
            }
        }
        let broken = |reason: &str| ParseError { at: text.len() as u64, reason: reason.to_owned() };
        match (open.pop(), open.pop()) {
            (Some(mut document), None) if document.elements().next().is_some() => {
                document.outer = 0..text.len();
                Ok(document)
            }
            (Some(_), None) => Err(broken("no element")),
            _ => Err(broken("it ends in the middle")),
        }
    }

    fn begun(tag: &BytesStart<'_>, start: usize) -> Result<Self, String> {
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| format!("a bad attribute: {error}"))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| format!("a bad attribute: {error}"))?;
            attributes.push((attribute.key.local_name().into_inner().to_owned(), value.into_owned()));
        }
        let name = tag.local_name().into_inner().to_owned();
        Ok(Self { name, attributes, children: Vec::new(), outer: start..start })
    }

    /// The child elements.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Child::Element(element) => Some(element),
            Child::Text(_) => None,
        })
    }

    /// All text of the element and its descendants, in document order.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.collect(&mut out);
        out
    }

    fn collect(&self, out: &mut String) {
        for child in &self.children {
            match child {
                Child::Element(element) => element.collect(out),
                Child::Text(text) => out.push_str(text),
            }
        }
    }

    /// The map of the document, as Go's `mxj` builds it: an element without attributes and children is its text, any
    /// other a map of its children by name, with attributes as `-name` and the text as `#text`; a name that repeats
    /// is a list. Values that look like numbers or booleans are converted.
    pub(super) fn to_map(&self) -> Value {
        let mut members: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        for (name, value) in &self.attributes {
            members.insert(format!("-{name}").into(), leaf(value));
        }
        let mut lists: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        let mut text = None;
        for child in &self.children {
            match child {
                Child::Element(element) => lists.entry(&element.name).or_default().push(element.to_map()),
                Child::Text(piece) => {
                    let piece = piece.trim_matches(AROUND);
                    // Of several texts between children, only the first is kept.
                    if !piece.is_empty() && text.is_none() {
                        text = Some(leaf(piece));
                    }
                }
            }
        }
        for (name, mut values) in lists {
            let value = match values.len() {
                1 => values.remove(0),
                _ => Value::List(values.into()),
            };
            members.insert(name.into(), value);
        }
        if members.is_empty() {
            return text.unwrap_or_else(|| Value::String("".into()));
        }
        if let Some(text) = text {
            members.insert("#text".into(), text);
        }
        Value::Map(Arc::new(members))
    }
}

/// Converts text to a value. Integers keep their digits, so text with a leading zero, such as an account number, stays text.
fn leaf(text: &str) -> Value {
    let digits = text.trim_start_matches('-');
    let is_padded =
        digits.len() > 1 && digits.starts_with('0') && digits[1..].starts_with(|c: char| c.is_ascii_digit());
    let is_number = !is_padded && text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    match (text.parse(), text.parse(), text.parse::<f64>()) {
        _ if matches!(text, "true" | "TRUE" | "True") => Value::Bool(true),
        _ if matches!(text, "false" | "FALSE" | "False") => Value::Bool(false),
        (Ok(whole), ..) if is_number => Value::Int(whole),
        (_, Ok(whole), _) if is_number => Value::Uint(whole),
        (.., Ok(number)) if is_number && number.is_finite() => Value::Float(number),
        _ => Value::String(text.into()),
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    // The document is in memory, so its offsets fit in `usize`.
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn push(open: &mut [Element], child: Child) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(child);
    }
}

/// Appends text to the innermost open element; text outside of the outermost element is ignored.
fn append(open: &mut [Element], piece: &str) {
    if open.len() > 1
        && let Some(parent) = open.last_mut()
    {
        match parent.children.last_mut() {
            Some(Child::Text(text)) => text.push_str(piece),
            _ => parent.children.push(Child::Text(piece.to_owned())),
        }
    }
}
