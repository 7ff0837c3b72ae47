//! Paths into JSON as SQLite writes them: `$.name`, `$."a b"`, `$[0]`, `$[#-1]`, and `$[#]`, the place behind the last.

use std::borrow::Cow;

use super::node::{DEEPEST, Node};
use crate::error::Error;

/// One step down.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step<'a> {
    Key(Cow<'a, str>),
    Index(usize),
    /// This many from behind; 0 is behind the last.
    FromEnd(usize),
}

/// The steps of a path.
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

/// The first step of what is left of a path, and what is behind it.
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
    /// Which of `length` items is meant; `length` itself is the place behind the last.
    pub(crate) fn index(&self, length: usize) -> Option<usize> {
        match self {
            Step::Key(_) => None,
            Step::Index(index) => Some(*index),
            Step::FromEnd(back) => length.checked_sub(*back),
        }
    }
}

impl<'a> Node<'a> {
    /// What a path leads to.
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

/// A path, or a key or index that PostgreSQL would take in its place, as the right side of `->`.
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
