//! Reading XML as a stream: elements, their texts, and paths of names.

mod content_length;

use std::borrow::Cow;
use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesEnd, BytesStart, Event};

use crate::response::sniff::{ParseError, starts_with_any, text};

/// A document, read from start to end.
pub(crate) struct Document<'a> {
    reader: Reader<&'a [u8]>,
    /// An event that was read and is still to come.
    pending: Option<Event<'a>>,
    /// The element last begun is an empty one, whose end no text says.
    is_empty: bool,
    /// The local name of the child last begun.
    name: String,
    /// Its outermost element says what namespace it is of.
    has_namespace: bool,
}

/// What comes next inside an element.
pub(crate) enum Next {
    /// A child begins; [`Document::name`] has its local name.
    Child,
    /// The element ends.
    End,
}

impl<'a> Document<'a> {
    /// A document over `body`, inside its outermost element, whose name is [`Self::name`].
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

    /// Whether the outermost element, inside of which nothing was read yet, says nothing but its name: it has neither
    /// children nor text nor a namespace.
    pub(crate) fn says_nothing(&self) -> bool {
        let text = self.ahead().text_if_leaf();
        !self.has_namespace && matches!(text, Ok(Some(text)) if text.trim().is_empty())
    }

    /// Whether the outermost element names a namespace.
    pub(crate) fn has_namespace(&self) -> bool {
        self.has_namespace
    }

    /// The same place, from where is read on without moving this one.
    fn ahead(&self) -> Self {
        let (reader, pending, is_empty) = (self.reader.clone(), self.pending.clone(), self.is_empty);
        Self { reader, pending, is_empty, name: String::new(), has_namespace: false }
    }

    /// The local name of the child last begun.
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

    /// The next child of the element being read, or its end. Text between is passed over.
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

    /// The text of the element whose start was read, through its end. Children are passed over.
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

    /// All the text inside of the element whose start was read, through its end, that of its children too.
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

    /// The text of what is no element.
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

    /// The text of the element whose start was read, if it has no children; else nothing is read but text.
    pub(crate) fn text_if_leaf(&mut self) -> Result<Option<Cow<'a, str>>, ParseError> {
        let mut out = Ok(Cow::Borrowed(""));
        loop {
            match self.event()? {
                start @ Event::Start(_) => {
                    self.pending = Some(start);
                    return Ok(None);
                }
                Event::End(_) => return out.map(Some),
                // What cannot be read is no text, and matters where there is nothing else.
                event => match (&mut out, self.piece(event)) {
                    (Ok(out), Ok(piece)) => append(out, piece),
                    (Ok(_), Err(broken)) => out = Err(broken),
                    (Err(_), _) => {}
                },
            }
        }
    }

    /// Passes over what is left of the outermost element, tag by tag, behind which nothing may stand.
    fn skip_to_end(&mut self) -> Result<(), ParseError> {
        self.skip_events()?;
        match self.reader.read_event() {
            Ok(Event::Eof) => Ok(()),
            _ => Err(self.broken("more than one element")),
        }
    }

    /// Passes over what is left of the element whose start was read, through its end.
    pub(crate) fn skip(&mut self) -> Result<(), ParseError> {
        if self.pending.is_none() && !self.is_empty {
            let mut bytes = self.reader.stream();
            // Where it cannot be told, events say what is there.
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

/// Whether a text is elements that may stand inside of another: it begins with one, and all are closed.
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

/// The texts at `paths`, each a path of names below the outermost element; the first occurrence of each.
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
