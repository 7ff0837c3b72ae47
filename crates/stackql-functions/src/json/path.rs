//! SQLite's JSON paths: `$.name`, `$."a b"`, `$[0]`, `$[#-1]`, and `$[#]`, the position after the last element.

use std::borrow::Cow;

use super::node::{DEEPEST, Node};
use crate::error::Error;

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step<'a> {
    Key(Cow<'a, str>),
    Index(usize),
    /// The index counted from the end; 0 is the position after the last element.
    FromEnd(usize),
}

/// Parses a path.
pub(crate) fn parse(path: &str) -> Result<Vec<Step<'_>>, Error> {
    let bad = || Error::BadPath(path.to_owned());
    let mut rest = path.strip_prefix('$').ok_or_else(bad)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, behind) = one(rest).ok_or_else(bad)?;
        steps.push(step);
        rest = behind;
        if steps.len() > DEEPEST {
            return Err(Error::TooDeep(DEEPEST));
        }
    }
    Ok(steps)
}

/// Parses the first step of a path, and returns it with the rest.
fn one(rest: &str) -> Option<(Step<'_>, &str)> {
    if let Some(name) = rest.strip_prefix(".\"") {
        let end = closing_quote(name)?;
        let name_text = match name[..end].contains('\\') {
            false => Cow::Borrowed(&name[..end]),
            true => Cow::Owned(serde_json::from_str(&format!("\"{}\"", &name[..end])).ok()?),
        };
        return Some((Step::Key(name_text), &name[end + 1..]));
    }
    if let Some(name) = rest.strip_prefix('.') {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        return (end > 0).then(|| (Step::Key(Cow::Borrowed(&name[..end])), &name[end..]));
    }
    let (place, behind) = rest.strip_prefix('[')?.split_once(']')?;
    let digits = |text: &str| (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok());
    let step = match place.strip_prefix('#') {
        None => Step::Index(digits(place)??),
        Some("") => Step::FromEnd(0),
        Some(back) => Step::FromEnd(digits(back.strip_prefix('-')?)??),
    };
    Some((step, behind))
}

fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

impl Step<'_> {
    /// The index in an array of `length` elements; `length` itself is the position after the last one.
    pub(crate) fn index(&self, length: usize) -> Option<usize> {
        match self {
            Step::Key(_) => None,
            Step::Index(index) => Some(*index),
            Step::FromEnd(back) => length.checked_sub(*back),
        }
    }
}

impl<'a> Node<'a> {
    /// The value at a path, if there is one.
    pub(crate) fn at(&self, steps: &[Step<'_>]) -> Option<&Self> {
        let Some((step, rest)) = steps.split_first() else { return Some(self) };
        let below = match (self, step) {
            (Node::Object(members), Step::Key(name)) => &members.iter().find(|(key, _)| key.name() == *name)?.1,
            (Node::Array(items), step) => items.get(step.index(items.len())?)?,
            _ => return None,
        };
        below.at(rest)
    }
}

/// Parses the right operand of `->`: a path, or a key or an index as in PostgreSQL.
pub(crate) fn shorthand<'a>(path: &'a crate::value::Value<'_>) -> Result<Option<Vec<Step<'a>>>, Error> {
    use crate::value::Value;
    Ok(match path {
        Value::Null => None,
        Value::Integer(index) => {
            let size = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            Some(vec![if *index < 0 { Step::FromEnd(size) } else { Step::Index(size) }])
        }
        Value::Text(text) if text.starts_with('$') => Some(parse(text)?),
        Value::Text(name) => Some(vec![Step::Key(Cow::Borrowed(name))]),
        _ => return Err(Error::Arguments("a path is a text or a whole number")),
    })
}
