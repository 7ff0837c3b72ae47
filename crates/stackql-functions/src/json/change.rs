//! Functions that return changed JSON.

use super::node::{Key, Node, quoted};
use super::path::Step;
use super::read::{document, steps};
use crate::error::Error;
use crate::function::{ANY, Function};
use crate::value::{Type, Value};

pub(crate) const ALL: &[Function] = &[
    Function::new(
        "json_insert",
        (1, ANY),
        Type::Json,
        json_insert,
        (
            "json_insert(x, path, value, …)",
            "x with values where nothing is yet",
            r#"json_insert('{"a":1}', '$.a', 2, '$.b', 3)"#,
        ),
    ),
    Function::new(
        "json_replace",
        (1, ANY),
        Type::Json,
        json_replace,
        (
            "json_replace(x, path, value, …)",
            "x with values in place of what is there",
            r#"json_replace('{"a":1}', '$.a', 2, '$.b', 3)"#,
        ),
    ),
    Function::new(
        "json_set",
        (1, ANY),
        Type::Json,
        json_set,
        ("json_set(x, path, value, …)", "x with values at these paths", r#"json_set('{"a":1}', '$.a', 2, '$.b', 3)"#),
    ),
    Function::new(
        "json_remove",
        (1, ANY),
        Type::Json,
        json_remove,
        ("json_remove(x, path, …)", "x without what is at these paths", r#"json_remove('[0,1,2]', '$[1]')"#),
    ),
    Function::new(
        "json_patch",
        (2, 2),
        Type::Json,
        json_patch,
        (
            "json_patch(x, patch)",
            "x changed as a merge patch (RFC 7396) says",
            r#"json_patch('{"a":1,"b":2}', '{"a":9,"b":null}')"#,
        ),
    ),
];

/// Whether a value is put over an existing one (`over`), and where there is none (`anew`).
#[derive(Debug, Clone, Copy)]
struct Put {
    over: bool,
    anew: bool,
}

fn json_insert<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    put(row, Put { over: false, anew: true })
}

fn json_replace<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    put(row, Put { over: true, anew: false })
}

fn json_set<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    put(row, Put { over: true, anew: true })
}

fn put(row: &[Value<'_>], when: Put) -> Result<Value<'static>, Error> {
    let Some((first, changes)) = row.split_first() else { return Ok(Value::Null) };
    if !changes.len().is_multiple_of(2) {
        return Err(Error::Arguments("every path needs a value"));
    }
    let Some(mut node) = document(first)? else { return Ok(Value::Null) };
    for change in changes.chunks_exact(2) {
        // A NULL path leaves the document unchanged.
        let Some(steps) = steps(&change[0])? else { continue };
        node.put(&steps, Node::from_value(&change[1])?, when);
    }
    Ok(node.to_json())
}

impl<'a> Node<'a> {
    fn put(&mut self, steps: &[Step<'_>], value: Self, when: Put) {
        let Some((step, rest)) = steps.split_first() else {
            if when.over {
                *self = value;
            }
            return;
        };
        let beyond = match (&mut *self, step) {
            (Node::Object(members), Step::Key(name)) => match members.iter_mut().find(|(k, _)| k.name() == *name) {
                Some((_, below)) => return below.put(rest, value, when),
                None => true,
            },
            (Node::Array(items), step) => match step.index(items.len()) {
                Some(index) if index < items.len() => return items[index].put(rest, value, when),
                Some(index) => index == items.len(),
                None => false,
            },
            _ => false,
        };
        // Missing levels are created: an array for `[0]` or `[#]`, an object for a name.
        if beyond
            && when.anew
            && let Some(made) = Node::nest_value(rest, value)
        {
            match (self, step) {
                (Node::Object(members), Step::Key(name)) => members.push((Key(quoted(name).into()), made)),
                (Node::Array(items), _) => items.push(made),
                _ => {}
            }
        }
    }

    /// Nests a value in the arrays and objects that the rest of its path needs; `None` if the path cannot be created.
    fn nest_value(steps: &[Step<'_>], value: Self) -> Option<Self> {
        let Some((step, rest)) = steps.split_first() else { return Some(value) };
        let below = Self::nest_value(rest, value)?;
        match step {
            Step::Key(name) => Some(Node::Object(vec![(Key(quoted(name).into()), below)])),
            Step::Index(0) | Step::FromEnd(0) => Some(Node::Array(vec![below])),
            _ => None,
        }
    }

    /// Removes the value at a path; true if the path is empty and the whole value is to be removed.
    fn remove(&mut self, steps: &[Step<'_>]) -> bool {
        let Some((step, rest)) = steps.split_first() else { return true };
        match (self, step) {
            (Node::Object(members), Step::Key(name)) => {
                if let Some(at) = members.iter().position(|(key, _)| key.name() == *name)
                    && members[at].1.remove(rest)
                {
                    members.remove(at);
                }
            }
            (Node::Array(items), step) => {
                if let Some(at) = step.index(items.len()).filter(|at| *at < items.len())
                    && items[at].remove(rest)
                {
                    items.remove(at);
                }
            }
            _ => {}
        }
        false
    }
}

fn json_remove<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let Some((first, paths)) = row.split_first() else { return Ok(Value::Null) };
    let Some(mut node) = document(first)? else { return Ok(Value::Null) };
    for path in paths {
        let Some(steps) = steps(path)? else { return Ok(Value::Null) };
        if node.remove(&steps) {
            return Ok(Value::Null);
        }
    }
    Ok(node.to_json())
}

fn json_patch<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(target), Some(patch)) = (document(&row[0])?, document(&row[1])?) else { return Ok(Value::Null) };
    Ok(patched(target, patch).to_json())
}

fn patched<'a>(target: Node<'a>, patch: Node<'a>) -> Node<'a> {
    let Node::Object(changes) = patch else { return patch };
    let mut members = match target {
        Node::Object(members) => members,
        _ => Vec::new(),
    };
    for (key, change) in changes {
        let at = members.iter().position(|(own, _)| own.name() == key.name());
        match (at, change.kind()) {
            (Some(at), "null") => {
                members.remove(at);
            }
            (None, "null") => {}
            (Some(at), _) => {
                let old = std::mem::replace(&mut members[at].1, Node::NULL);
                members[at].1 = patched(old, change);
            }
            (None, _) => members.push((key, patched(Node::NULL, change))),
        }
    }
    Node::Object(members)
}
