//! XML element trees, by which responses of the simulated services are parsed, filtered and written.

use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesStart, Event};

/// An XML element. Namespace declarations are kept as attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Self>,
}

impl Element {
    /// An element with text.
    pub(crate) fn leaf(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), ..Self::default() }
    }

    /// An element with children.
    pub(crate) fn with_children(name: &str, children: impl IntoIterator<Item = Self>) -> Self {
        Self { name: name.to_owned(), children: children.into_iter().collect(), ..Self::default() }
    }

    /// The root element of a document; `None` if it is not well-formed.
    pub(crate) fn parse(document: &str) -> Option<Self> {
        let mut reader = quick_xml::Reader::from_str(document);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => open.push(Self::opened(&start)),
                Event::Empty(start) => open.last_mut()?.children.push(Self::opened(&start)),
                Event::Text(text) => open.last_mut()?.text.push_str(&text),
                Event::GeneralRef(entity) => {
                    let character = match entity.resolve_char_ref().ok()? {
                        Some(character) => character.to_string(),
                        None => quick_xml::escape::resolve_xml_entity(&entity)?.to_owned(),
                    };
                    open.last_mut()?.text.push_str(&character);
                }
                Event::End(_) => {
                    let mut closed = open.pop()?;
                    if !closed.children.is_empty() {
                        closed.text.clear();
                    }
                    open.last_mut()?.children.push(closed);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        match open.len() {
            1 => open.pop()?.children.pop(),
            _ => None,
        }
    }

    /// The first child with this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The text of the first child with this name; empty if there is none.
    pub(crate) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |c| &c.text)
    }

    /// Sets the text of the first child with this name; adds the child if there is none.
    pub(crate) fn set(&mut self, name: &str, text: impl Into<String>) {
        self.put(Self::leaf(name, text));
    }

    /// Replaces the first child of the same name, or appends the child.
    pub(crate) fn put(&mut self, child: Self) {
        match self.children.iter_mut().find(|c| c.name == child.name) {
            Some(place) => *place = child,
            None => self.children.push(child),
        }
    }

    /// Calls `visit` for this element and all its descendants.
    pub(crate) fn each(&mut self, visit: &mut impl FnMut(&mut Self)) {
        visit(self);
        self.children.iter_mut().for_each(|c| c.each(visit));
    }

    /// The element as XML.
    pub(crate) fn xml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn opened(start: &BytesStart<'_>) -> Self {
        let name = start.name().as_ref().to_owned();
        let attributes = start.attributes_raw().trim().to_owned();
        Self { name, attributes, ..Self::default() }
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        if !self.attributes.is_empty() {
            out.push(' ');
            out.push_str(&self.attributes);
        }
        if self.text.is_empty() && self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        out.push_str(&partial_escape(self.text.as_str()));
        self.children.iter().for_each(|c| c.write(out));
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written() {
        let xml = r#"<a xmlns="u"><b>x &amp; y</b><c/><d><item>1</item><item>2</item></d></a>"#;
        let read = Element::parse(&format!("<?xml version=\"1.0\"?>\n{}", xml.replace("<b>", "\n  <b>"))).unwrap();
        assert_eq!(read.text_of("b"), "x & y");
        assert_eq!(read.xml(), xml);
        assert_eq!(Element::parse("<a><b></a>"), None);
        assert_eq!(Element::parse("no"), None);
    }
}
