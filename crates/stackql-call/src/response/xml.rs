//! A streaming XML reader: elements, their text, and paths of names.

mod content_length;

use std::borrow::Cow;
use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesEnd, BytesStart, Event};

use crate::response::sniff::{ParseError, starts_with_any, text};

/// A cursor over an XML document, from start to end.
pub(crate) struct Document<'a> {
    reader: Reader<&'a [u8]>,
    /// An event that was read ahead.
    pending: Option<Event<'a>>,
    /// Whether the current element is an empty-element tag, whose end has no event of its own.
    is_empty: bool,
    /// The local name of the element last begun.
    name: String,
    /// Whether the outermost element declares a namespace.
    has_namespace: bool,
}

/// The next event inside an element.
pub(crate) enum Next {
    /// A child element begins; [`Document::name`] has its local name.
    Child,
    /// The element ends.
    End,
}

impl<'a> Document<'a> {
    /// Opens `body` and reads the start tag of its outermost element; [`Self::name`] has its name.
    pub(crate) fn open(body: &'a [u8]) -> Result<Self, ParseError> {
        let text = text(body)?;
        if !starts_with_any(text, "<") && !body.is_empty() {
            return Err(ParseError { at: 0, reason: "it is not XML".to_owned() });
        }
        let reader = Reader::from_str(text);
        let mut document = Self { reader, pending: None, is_empty: false, name: String::new(), has_namespace: false };
        loop {
            match document.event()? {
                Event::Start(start) => {
                    document.begin(&start);
                    let mut attributes = start.attributes().flatten();
                    document.has_namespace = attributes.any(|a| a.key.as_namespace_binding().is_some());
                    return Ok(document);
                }
                Event::End(_) => return Err(document.broken("no element")),
                _ => {}
            }
        }
    }

    /// Whether the outermost element has neither children nor text nor a namespace. Nothing may have been read inside it.
    pub(crate) fn says_nothing(&self) -> bool {
        let text = self.ahead().text_if_leaf();
        !self.has_namespace && matches!(text, Ok(Some(text)) if text.trim().is_empty())
    }

    /// Whether the outermost element declares a namespace.
    pub(crate) fn has_namespace(&self) -> bool {
        self.has_namespace
    }

    /// A second reader at the same position, to look ahead.
    fn ahead(&self) -> Self {
        let (reader, pending, is_empty) = (self.reader.clone(), self.pending.clone(), self.is_empty);
        Self { reader, pending, is_empty, name: String::new(), has_namespace: false }
    }

    /// The local name of the element last begun.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn broken(&self, reason: &str) -> ParseError {
        ParseError { at: self.reader.buffer_position(), reason: reason.to_owned() }
    }

    fn event(&mut self) -> Result<Event<'a>, ParseError> {
        if let Some(event) = self.pending.take() {
            return Ok(event);
        }
        if std::mem::take(&mut self.is_empty) {
            return Ok(Event::End(BytesEnd::new("")));
        }
        match self.reader.read_event() {
            Ok(Event::Empty(start)) => {
                self.is_empty = true;
                Ok(Event::Start(start))
            }
            Ok(Event::DocType(_)) => Err(self.broken("a document type declaration, which is refused")),
            Ok(Event::Eof) => Err(self.broken("it ends in the middle")),
            Ok(event) => Ok(event),
            Err(error) => {
                Err(ParseError { at: self.reader.error_position(), reason: format!("not well-formed XML: {error}") })
            }
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>) {
        self.name.clear();
        self.name.push_str(start.local_name().into_inner());
    }

    /// Reads up to the next child of the current element, or to its end. Text between is ignored.
    pub(crate) fn next(&mut self) -> Result<Next, ParseError> {
        loop {
            match self.event()? {
                Event::Start(start) => {
                    self.begin(&start);
                    return Ok(Next::Child);
                }
                Event::End(_) => return Ok(Next::End),
                _ => {}
            }
        }
    }

    /// Reads the text of the element whose start tag was read, through its end tag. Child elements are skipped.
    pub(crate) fn text(&mut self) -> Result<Cow<'a, str>, ParseError> {
        let mut out = Cow::Borrowed("");
        loop {
            match self.event()? {
                Event::Start(_) => self.skip()?,
                Event::End(_) => return Ok(out),
                event => append(&mut out, self.piece(event)?),
            }
        }
    }

    /// Reads all text of the element whose start tag was read, that of its descendants included, through its end tag.
    pub(crate) fn inner(&mut self) -> Result<String, ParseError> {
        let (mut out, mut depth) = (String::new(), 1_usize);
        while depth > 0 {
            match self.event()? {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                other => out.push_str(&self.piece(other)?),
            }
        }
        Ok(out)
    }

    /// The text of an event that is no tag.
    fn piece(&self, event: Event<'a>) -> Result<Cow<'a, str>, ParseError> {
        Ok(match event {
            Event::Text(text) => text.xml10_content(),
            Event::CData(data) => data.xml10_content(),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(c)) => Cow::Owned(c.to_string()),
                Ok(None) => {
                    let name = reference.xml10_content();
                    let known = resolve_predefined_entity(&name);
                    Cow::Borrowed(known.ok_or_else(|| self.broken(&format!("the unknown entity &{name};")))?)
                }
                Err(e) => return Err(self.broken(&format!("a bad character reference: {e}"))),
            },
            _ => Cow::Borrowed(""),
        })
    }

    /// Reads the text of the element whose start tag was read if it has no children; else stops before the first child.
    pub(crate) fn text_if_leaf(&mut self) -> Result<Option<Cow<'a, str>>, ParseError> {
        let mut out = Ok(Cow::Borrowed(""));
        loop {
            match self.event()? {
                start @ Event::Start(_) => {
                    self.pending = Some(start);
                    return Ok(None);
                }
                Event::End(_) => return out.map(Some),
                // An unresolvable reference is an error only if the element has no children.
                event => match (&mut out, self.piece(event)) {
                    (Ok(out), Ok(piece)) => append(out, piece),
                    (Ok(_), Err(broken)) => out = Err(broken),
                    (Err(_), _) => {}
                },
            }
        }
    }

    /// Skips the rest of the outermost element tag by tag, and checks that nothing follows it.
    fn skip_to_end(&mut self) -> Result<(), ParseError> {
        self.skip_events()?;
        match self.reader.read_event() {
            Ok(Event::Eof) => Ok(()),
            _ => Err(self.broken("more than one element")),
        }
    }

    /// Skips the rest of the element whose start tag was read, through its end tag.
    pub(crate) fn skip(&mut self) -> Result<(), ParseError> {
        if self.pending.is_none() && !self.is_empty {
            let mut bytes = self.reader.stream();
            // Without a known length, the events below find the end tag.
            let length = content_length::content_length(bytes.get_ref()).unwrap_or_default();
            bytes.consume(length);
        }
        self.skip_events()
    }

    fn skip_events(&mut self) -> Result<(), ParseError> {
        let mut depth = 1usize;
        while depth > 0 {
            match self.event()? {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether a text is well-formed XML content that begins with an element, so that it can be inserted into another element.
pub(crate) fn is_markup(text: &str) -> bool {
    let begins = text
        .trim_start()
        .strip_prefix('<')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '!'));
    let whole = || format!("<e>{text}</e>");
    begins && Document::open(whole().as_bytes()).and_then(|mut document| document.skip_to_end()).is_ok()
}

fn append<'a>(out: &mut Cow<'a, str>, piece: Cow<'a, str>) {
    if out.is_empty() { *out = piece } else { out.to_mut().push_str(&piece) }
}

/// The first text at each of `paths`, which are paths of names below the outermost element.
pub(crate) fn texts(body: &[u8], paths: &[&[String]]) -> Result<Vec<Option<String>>, ParseError> {
    let mut document = Document::open(body)?;
    let mut found = vec![None; paths.len()];
    let mut stack: Vec<String> = Vec::new();
    loop {
        match document.next()? {
            Next::Child => {
                stack.push(document.name().to_owned());
                let leads = |p: &&[String]| p.len() >= stack.len() && p[..stack.len()] == stack[..];
                match paths.iter().position(|p| **p == stack[..]) {
                    Some(at) => {
                        let text = document.text()?.into_owned();
                        found[at].get_or_insert(text);
                        stack.pop();
                    }
                    None if paths.iter().any(leads) => {}
                    None => {
                        document.skip()?;
                        stack.pop();
                    }
                }
            }
            Next::End => {
                if stack.pop().is_none() {
                    return Ok(found);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
