//! Functions that read JSON.

use std::borrow::Cow;

use datafusion::arrow::datatypes::FieldRef;

use super::node::{Node, quoted, raw};
use super::path::{Step, parse, shorthand};
use crate::error::Error;
use crate::function::{ANY, Function};
use crate::value::{Type, Value};

pub(crate) const ALL: &[Function] = &[
    Function::new(
        "json",
        (1, 1),
        Type::Json,
        json,
        ("json(x)", "x as JSON, without blanks", r#"json(' { "a" : [ 1 ] } ')"#),
    ),
    Function::new(
        "json_valid",
        (1, 1),
        Type::Answer,
        json_valid,
        ("json_valid(x)", "1 if x is JSON, else 0", "json_valid('{\"a\":1')"),
    ),
    Function::new(
        "json_extract",
        (2, ANY),
        Type::Text,
        json_extract,
        (
            "json_extract(x, path, …)",
            "what is at a path of x, as text; for several paths an array; also `json_value`",
            r#"json_extract('{"a":[1,{"b":"c"}]}', '$.a[1].b')"#,
        ),
    )
    .giving(extracted)
    .also(&["json_value"]),
    Function::new(
        "json_get",
        (2, 2),
        Type::Json,
        json_get,
        (
            "x -> path, json_get(x, path)",
            "what is at a path, key or index of x, as JSON; also `json_query`",
            r#"json_get('{"a":{"b":"c"}}', 'a')"#,
        ),
    )
    .also(&["json_query"]),
    Function::new(
        "json_get_text",
        (2, 2),
        Type::Text,
        json_get_text,
        (
            "x ->> path, json_get_text(x, path)",
            "what is at a path, key or index of x, as text",
            r#"json_get_text('{"a":true}', 'a')"#,
        ),
    ),
    Function::new(
        "json_extract_path",
        (2, ANY),
        Type::Json,
        json_extract_path,
        (
            "json_extract_path(x, key, …)",
            "what these keys and indexes lead to, as JSON",
            r#"json_extract_path('{"a":[1,{"b":2}]}', 'a', '1')"#,
        ),
    )
    .also(&["jsonb_extract_path"]),
    Function::new(
        "json_extract_path_text",
        (2, ANY),
        Type::Text,
        json_extract_path_text,
        (
            "json_extract_path_text(x, key, …)",
            "what these keys and indexes lead to, as text",
            r#"json_extract_path_text('{"a":[1,{"b":2}]}', 'a', '1', 'b')"#,
        ),
    )
    .also(&["jsonb_extract_path_text"]),
    Function::new(
        "json_array_length",
        (1, 2),
        Type::Integer,
        json_array_length,
        (
            "json_array_length(x[, path])",
            "how many items an array has; 0 for what is no array",
            "json_array_length('[1,2,3]')",
        ),
    )
    .also(&["jsonb_array_length"]),
    Function::new(
        "json_type",
        (1, 2),
        Type::Text,
        json_type,
        (
            "json_type(x[, path])",
            "null, true, false, integer, real, text, array or object",
            r#"json_type('{"a":1.5}', '$.a')"#,
        ),
    ),
    Function::new(
        "json_typeof",
        (1, 1),
        Type::Text,
        json_typeof,
        ("json_typeof(x)", "null, boolean, number, string, array or object", "json_typeof('1.5')"),
    )
    .also(&["jsonb_typeof"]),
    Function::new(
        "jsonb_contains",
        (2, 2),
        Type::Answer,
        contains,
        (
            "x @> y, jsonb_contains(x, y)",
            "1 if all that y has is in x, else 0",
            r#"jsonb_contains('{"a":[1,2],"b":3}', '{"a":[2]}')"#,
        ),
    ),
    Function::new(
        "jsonb_exists",
        (2, 2),
        Type::Answer,
        exists,
        (
            "jsonb_exists(x, key)",
            "1 if x has this key, or this text as an item, else 0",
            r#"jsonb_exists('{"a":1}', 'a')"#,
        ),
    ),
];

/// The replacements of `json_extract` with one path, and of the column `value` of `json_each` and `json_tree`, as arguments of
/// functions that build JSON. There a number stays a number, and an array or object stays nested.
pub(crate) const INSIDE: &[Function] = &[
    Function::new(
        "json_at",
        (2, 2),
        Type::Json,
        json_at,
        ("json_at(x, path)", "what is at a path of x, as JSON", r#"json_at('{"a":[1]}', '$.a')"#),
    ),
    Function::new(
        "json_of_kind",
        (2, 2),
        Type::Json,
        json_of_kind,
        ("json_of_kind(value, type)", "a value of json_each or json_tree as JSON", "json_of_kind('a', 'text')"),
    ),
];

/// Parses the JSON of an argument; `None` for NULL.
pub(crate) fn document<'a>(value: &'a Value<'_>) -> Result<Option<Node<'a>>, Error> {
    Ok(match value {
        Value::Null => None,
        Value::Text(text) | Value::Json(text) => Some(Node::parse(text)?),
        Value::Blob(_) => return Err(Error::MalformedJson("a BLOB is not JSON".to_owned())),
        other => Some(Node::from_value(other)?),
    })
}

/// Parses a path argument; `None` for NULL.
pub(crate) fn steps<'a>(value: &'a Value<'_>) -> Result<Option<Vec<Step<'a>>>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::Text(path) | Value::Json(path) => parse(path).map(Some),
        other => Err(Error::BadPath(other.as_text().unwrap_or_default().into_owned())),
    }
}

fn json<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    Ok(document(&row[0])?.map_or(Value::Null, |node| node.to_json()))
}

fn json_valid<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    Ok(match &row[0] {
        Value::Null => Value::Null,
        Value::Text(text) | Value::Json(text) => Value::Integer(i64::from(raw(text).is_ok())),
        Value::Blob(_) => Value::Integer(0),
        _ => Value::Integer(1),
    })
}

/// The return type of `json_extract`: text for one path, a JSON array for several.
fn extracted(arguments: &[FieldRef]) -> Type {
    if arguments.len() > 2 { Type::Json } else { Type::Text }
}

fn json_extract<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let Some((first, paths)) = row.split_first() else { return Ok(Value::Null) };
    let Some(node) = document(first)? else { return Ok(Value::Null) };
    let mut found = Vec::new();
    for path in paths {
        let Some(steps) = steps(path)? else { return Ok(Value::Null) };
        found.push(node.at(&steps).cloned());
    }
    Ok(match found.as_slice() {
        [one] => one.as_ref().map_or(Value::Null, Node::to_cell),
        _ => Node::Array(found.into_iter().map(|one| one.unwrap_or(Node::NULL)).collect()).to_json(),
    })
}

/// Applies `make` to the value that `->` selects.
fn got<T>(row: &[Value<'_>], make: impl Fn(&Node<'_>) -> T) -> Result<Option<T>, Error> {
    let (Some(node), Some(steps)) = (document(&row[0])?, shorthand(&row[1])?) else { return Ok(None) };
    Ok(node.at(&steps).map(make))
}

fn json_at<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(node), Some(steps)) = (document(&row[0])?, steps(&row[1])?) else { return Ok(Value::Null) };
    Ok(node.at(&steps).map_or(Value::Null, |node| node.to_json()))
}

fn json_of_kind<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let text = row[0].as_text().unwrap_or_default();
    Ok(Value::Json(match row[1].as_text().as_deref() {
        None | Some("null") => return Ok(Value::Null),
        // The other types are `true` and `false`, whose name is their JSON text.
        Some("text" | "integer" | "real" | "array" | "object") if row[0].is_null() => return Ok(Value::Null),
        Some("text") => quoted(&text).into(),
        Some("integer" | "real" | "array" | "object") => text.into_owned().into(),
        Some(word) => word.to_owned().into(),
    }))
}

fn json_get<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    Ok(got(row, |node| node.to_json())?.unwrap_or(Value::Null))
}

fn json_get_text<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    Ok(got(row, as_text)?.unwrap_or(Value::Null))
}

/// The value as text like in PostgreSQL: booleans are `true` and `false`.
pub(crate) fn as_text(node: &Node<'_>) -> Value<'static> {
    match node.kind() {
        truth @ ("true" | "false") => Value::text(truth),
        _ => node.to_cell(),
    }
}

/// Applies `make` to the value at the given keys; within an array, a key is an index.
fn walked<T>(row: &[Value<'_>], make: impl Fn(&Node<'_>) -> T) -> Result<Option<T>, Error> {
    let Some((first, keys)) = row.split_first() else { return Ok(None) };
    let Some(node) = document(first)? else { return Ok(None) };
    let mut place = &node;
    for key in keys {
        let Some(key) = key.as_text() else { return Ok(None) };
        let step = match (place, key.parse::<i64>()) {
            (Node::Array(_), Ok(index)) => {
                let size = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
                if index < 0 { Step::FromEnd(size) } else { Step::Index(size) }
            }
            _ => Step::Key(Cow::Borrowed(&key)),
        };
        match place.at(&[step]) {
            Some(below) => place = below,
            None => return Ok(None),
        }
    }
    Ok(Some(make(place)))
}

fn json_extract_path<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    Ok(walked(row, |node| node.to_json())?.unwrap_or(Value::Null))
}

fn json_extract_path_text<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    Ok(walked(row, as_text)?.unwrap_or(Value::Null))
}

/// Applies `make` to a document, or to the value at the path in the second argument.
fn json_type_of<T>(row: &[Value<'_>], make: impl Fn(&Node<'_>) -> T) -> Result<Option<T>, Error> {
    let Some(node) = document(&row[0])? else { return Ok(None) };
    match row.get(1) {
        None => Ok(Some(make(&node))),
        Some(path) => Ok(steps(path)?.and_then(|steps| node.at(&steps).map(make))),
    }
}

fn json_array_length<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let length = json_type_of(row, |node| match node {
        Node::Array(items) => i64::try_from(items.len()).unwrap_or(i64::MAX),
        _ => 0,
    })?;
    Ok(length.map_or(Value::Null, Value::Integer))
}

fn json_type<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    Ok(json_type_of(row, |node| node.kind())?.map_or(Value::Null, Value::text))
}

fn json_typeof<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let kind = json_type_of(row, |node| match node.kind() {
        "true" | "false" => "boolean",
        "integer" | "real" => "number",
        "text" => "string",
        other => other,
    })?;
    Ok(kind.map_or(Value::Null, Value::text))
}

fn contains<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(whole), Some(part)) = (document(&row[0])?, document(&row[1])?) else { return Ok(Value::Null) };
    Ok(Value::Integer(i64::from(whole.contains(&part))))
}

impl Node<'_> {
    /// JSON containment as in PostgreSQL: members and elements of `part` are in this value, at the same depth. An array also
    /// contains a scalar that is one of its elements.
    fn contains(&self, part: &Node<'_>) -> bool {
        match (self, part) {
            (Node::Object(members), Node::Object(wanted)) => wanted.iter().all(|(key, value)| {
                members.iter().any(|(own, item)| own.name() == key.name() && item.contains_here(value))
            }),
            (Node::Array(items), Node::Array(wanted)) => {
                wanted.iter().all(|value| items.iter().any(|item| item.contains_here(value)))
            }
            (Node::Array(items), Node::Scalar(_)) => items.iter().any(|item| item.is_same(part)),
            (Node::Scalar(_), Node::Scalar(_)) => self.is_same(part),
            _ => false,
        }
    }

    /// Containment below the top level, where an array does not contain a bare scalar.
    fn contains_here(&self, part: &Node<'_>) -> bool {
        !matches!((self, part), (Node::Array(_), Node::Scalar(_))) && self.contains(part)
    }
}

fn exists<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(node), Some(key)) = (document(&row[0])?, row[1].as_text()) else { return Ok(Value::Null) };
    let is_text = |node: &Node<'_>| node.kind() == "text" && node.to_cell().as_text().as_deref() == Some(&key);
    let exists = match &node {
        Node::Object(members) => members.iter().any(|(own, _)| own.name() == key),
        Node::Array(items) => items.iter().any(is_text),
        Node::Scalar(_) => is_text(&node),
    };
    Ok(Value::Integer(i64::from(exists)))
}
