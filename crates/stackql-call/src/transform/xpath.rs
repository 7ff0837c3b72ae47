//! The XPath subset that templates can use, compiled to steps. Any other XPath syntax is rejected by name, so that it is not
//! misread.

use std::collections::HashSet;

use super::element::{Child, Element};

/// A compiled path.
#[derive(Debug, PartialEq)]
pub(super) struct Path {
    steps: Vec<Step>,
    end: End,
}

/// One step to descendants.
#[derive(Debug, PartialEq)]
struct Step {
    /// At any depth, as after `//`.
    deep: bool,
    /// The name of the element; `None` for any.
    name: Option<String>,
    predicates: Vec<Predicate>,
}

/// A condition on an element of a step.
#[derive(Debug, PartialEq)]
enum Predicate {
    /// `[n]`: the n-th match within its parent, from 1.
    Position(usize),
    Last,
    /// `[last()]`: the last match within its parent.
    /// `[@a]`, or `[@a='v']`.
    Attribute(String, Option<String>),
    /// `[name]`, or `[name='v']`.
    Has(String, Option<String>),
    /// `[text()='v']` or `[.='v']`.
    Text(String),
}

/// What a path selects of the elements it reaches.
#[derive(Debug, PartialEq)]
enum End {
    Element,
    Text,
    Attribute(String),
}

/// A match of a path.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Element(&'a Element),
    Text(String),
}

impl Found<'_> {
    /// The XML of the match, as in the document `xml`; for text and attributes, their text.
    pub(super) fn outer(self, xml: &str) -> String {
        match self {
            Self::Element(element) => xml.get(element.outer.clone()).unwrap_or("").to_owned(),
            Self::Text(text) => text,
        }
    }

    /// The text of the match.
    pub(super) fn text(self) -> String {
        match self {
            Self::Element(element) => element.text(),
            Self::Text(text) => text,
        }
    }
}

impl Path {
    /// Parses a path: steps of names, `*` and `.` after `/` or `//`, the predicates `[1]`, `[last()]`, `[name]`,
    /// `[@name]` and their comparisons with a text by `=`, and `text()` or `@name` at the end.
    pub(super) fn parse(path: &str) -> Result<Self, String> {
        let refused = |what: &str| {
            format!("'{path}' is no path this reads: {what}; names, *, predicates, text() and @name are read")
        };
        let (mut steps, mut end) = (Vec::new(), End::Element);
        let mut rest = path.trim();
        if rest.is_empty() {
            return Err(refused("it is empty"));
        }
        let mut first = true;
        while !rest.is_empty() || first {
            let deep = match rest.strip_prefix("//") {
                Some(after) => {
                    rest = after;
                    true
                }
                None => {
                    match rest.strip_prefix('/') {
                        Some(after) => rest = after,
                        None if first => {}
                        None => return Err(refused(&format!("'{rest}'"))),
                    }
                    false
                }
            };
            if end != End::Element {
                return Err(refused("something after text() or @name"));
            }
            if rest.is_empty() {
                // `/` is the document itself.
                if first && !deep {
                    break;
                }
                return Err(refused("it ends in a slash"));
            }
            first = false;
            if let Some(after) = rest.strip_prefix("text()") {
                (end, rest) = (End::Text, after);
            } else if let Some(after) = rest.strip_prefix('@') {
                let (name, after) = name(after).ok_or_else(|| refused("'@' without a name"))?;
                (end, rest) = (End::Attribute(name), after);
            } else if rest.starts_with("..") {
                return Err(refused("the parent '..'"));
            } else if let (Some(after), false) = (rest.strip_prefix('.'), deep) {
                rest = after;
                continue;
            } else {
                let (name, after) = match rest.strip_prefix('*') {
                    Some(after) => (None, after),
                    None => match name(rest) {
                        Some((name, after)) => (Some(name), after),
                        None => return Err(refused(&format!("'{rest}'"))),
                    },
                };
                rest = after;
                if rest.starts_with("::") || rest.starts_with('(') {
                    return Err(refused("axes and functions"));
                }
                let mut predicates = Vec::new();
                while let Some(after) = rest.strip_prefix('[') {
                    let (inner, after) = after.split_once(']').ok_or_else(|| refused("a bracket that stays open"))?;
                    predicates.push(predicate(inner.trim()).ok_or_else(|| refused(&format!("'[{inner}]'")))?);
                    rest = after;
                }
                steps.push(Step { deep, name, predicates });
                continue;
            }
            if deep {
                steps.push(Step { deep, name: None, predicates: Vec::new() });
            }
        }
        Ok(Self { steps, end })
    }

    /// The matches of the path in a document, in document order.
    pub(super) fn find<'a>(&self, document: &'a Element) -> Vec<Found<'a>> {
        let mut reached = vec![document];
        for step in &self.steps {
            let (mut next, mut seen) = (Vec::new(), HashSet::new());
            for element in reached {
                step.matching_elements(element, &mut next, &mut seen);
            }
            reached = next;
        }
        let mut found = Vec::new();
        for element in reached {
            match &self.end {
                End::Element => found.push(Found::Element(element)),
                End::Text => found.extend(element.children.iter().filter_map(|child| match child {
                    Child::Text(text) => Some(Found::Text(text.clone())),
                    Child::Element(_) => None,
                })),
                End::Attribute(name) => {
                    let value = element.attributes.iter().find(|(attribute, _)| attribute == name);
                    found.extend(value.map(|(_, value)| Found::Text(value.clone())));
                }
            }
        }
        found
    }
}

impl Step {
    /// Adds the matches of the step below `parent` to `found`. With two deep steps, an element can be reached on several
    /// ways; `seen` prevents duplicates.
    fn matching_elements<'a>(
        &self,
        parent: &'a Element,
        found: &mut Vec<&'a Element>,
        seen: &mut HashSet<*const Element>,
    ) {
        let named = |element: &&'a Element| self.name.as_ref().is_none_or(|name| *name == element.name);
        let mut here: Vec<&Element> = parent.elements().filter(named).collect();
        for predicate in &self.predicates {
            let count = here.len();
            let mut position = 0;
            here.retain(|element| {
                position += 1;
                predicate.holds(element, position, count)
            });
        }
        if !self.deep {
            found.extend(here);
            return;
        }
        // Document order: each child comes before its descendants.
        let mut here = here.into_iter().peekable();
        for child in parent.elements() {
            if here.next_if(|element| std::ptr::eq(*element, child)).is_some() && seen.insert(std::ptr::from_ref(child))
            {
                found.push(child);
            }
            self.matching_elements(child, found, seen);
        }
    }
}

impl Predicate {
    fn holds(&self, element: &Element, position: usize, count: usize) -> bool {
        match self {
            Self::Position(wanted) => position == *wanted,
            Self::Last => position == count,
            Self::Attribute(name, value) => element
                .attributes
                .iter()
                .any(|(attribute, found)| attribute == name && value.as_ref().is_none_or(|value| value == found)),
            Self::Has(name, value) => element
                .elements()
                .any(|child| child.name == *name && value.as_ref().is_none_or(|value| *value == child.text())),
            Self::Text(value) => element.text() == *value,
        }
    }
}

/// Splits off a name, without its prefix, and returns it with the rest of the text.
fn name(text: &str) -> Option<(String, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}');
    let starts = |text: &str| text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let cut = |text: &str| text.find(|c| !is_part(c)).unwrap_or(text.len());
    if !starts(text) {
        return None;
    }
    let (first, rest) = text.split_at(cut(text));
    match rest.strip_prefix(':') {
        Some(local) if starts(local) => {
            let (local, rest) = local.split_at(cut(local));
            Some((local.to_owned(), rest))
        }
        _ => Some((first.to_owned(), rest)),
    }
}

fn predicate(inner: &str) -> Option<Predicate> {
    if inner == "last()" {
        return Some(Predicate::Last);
    }
    if let Ok(position) = inner.parse() {
        return (position > 0).then_some(Predicate::Position(position));
    }
    let (left, value) = match inner.split_once('=') {
        Some((left, right)) => (left.trim(), Some(quoted(right.trim())?)),
        None => (inner, None),
    };
    if let (".", Some(value)) | ("text()", Some(value)) = (left, &value) {
        return Some(Predicate::Text(value.clone()));
    }
    let whole = |text: &str| name(text).filter(|(_, rest)| rest.is_empty()).map(|(name, _)| name);
    match left.strip_prefix('@') {
        Some(attribute) => Some(Predicate::Attribute(whole(attribute)?, value)),
        None => Some(Predicate::Has(whole(left)?, value)),
    }
}

fn quoted(text: &str) -> Option<String> {
    let between = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    let inner = between('\'').or_else(|| between('"'))?;
    (!inner.contains(['\'', '"'])).then(|| inner.to_owned())
}
