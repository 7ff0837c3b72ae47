//! Functions that build JSON from values.

use super::node::{Key, Node, quoted};
use super::read::document;
use crate::error::Error;
use crate::function::{ANY, Function};
use crate::value::{Type, Value};

pub(crate) const ALL: &[Function] = &[
    Function::new(
        "json_array",
        (0, ANY),
        Type::Json,
        json_array,
        ("json_array(x, …)", "an array of the arguments", "json_array(1, 'a', NULL)"),
    )
    .also(&["json_build_array", "jsonb_build_array"]),
    Function::new(
        "json_object",
        (0, ANY),
        Type::Json,
        json_object,
        ("json_object(key, x, …)", "an object of keys and values", "json_object('a', 1, 'b', json('[2]'))"),
    )
    .also(&["json_build_object", "jsonb_build_object"]),
    Function::new(
        "json_quote",
        (1, 1),
        Type::Json,
        json_quote,
        ("json_quote(x)", "a value as JSON", "json_quote('say \"hi\"')"),
    )
    .also(&["to_json", "to_jsonb"]),
    Function::new(
        "json_pretty",
        (1, 2),
        Type::Text,
        json_pretty,
        ("json_pretty(x[, indent])", "JSON in lines", "json_pretty('[1]')"),
    )
    .also(&["jsonb_pretty"]),
];

fn json_array<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let items: Result<_, _> = row.iter().map(Node::from_value).collect();
    Ok(Node::Array(items?).to_json())
}

fn json_object<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    if !row.len().is_multiple_of(2) {
        return Err(Error::Arguments("every key needs a value"));
    }
    let member = |pair: &'_ [Value<'a>]| -> Result<(Key<'static>, String), Error> {
        Ok((object_key(&pair[0])?, Node::from_value(&pair[1])?.to_string()))
    };
    let members: Vec<_> = row.chunks_exact(2).map(member).collect::<Result<_, _>>()?;
    let members = members.into_iter().map(|(key, value)| (key, Node::Scalar(value.into())));
    Ok(Node::Object(members.collect()).to_json())
}

/// The name of an object member from a value, which must be text.
pub(crate) fn object_key(value: &Value<'_>) -> Result<Key<'static>, Error> {
    match value {
        Value::Text(text) | Value::Json(text) => Ok(Key(quoted(text).into())),
        _ => Err(Error::Arguments("keys of an object are texts")),
    }
}

fn json_quote<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    Ok(Node::from_value(&row[0])?.to_json())
}

fn json_pretty<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let Some(node) = document(&row[0])? else { return Ok(Value::Null) };
    let indent = row.get(1).and_then(Value::as_text).unwrap_or("    ".into());
    let mut text = String::new();
    write_lines(&node, &indent, 0, &mut text);
    Ok(Value::text(text))
}

fn write_lines(node: &Node<'_>, indent: &str, depth: usize, text: &mut String) {
    let (brackets, items): (_, Vec<(Option<&Key<'_>>, &Node<'_>)>) = match node {
        Node::Array(items) if !items.is_empty() => (['[', ']'], items.iter().map(|item| (None, item)).collect()),
        Node::Object(members) if !members.is_empty() => {
            (['{', '}'], members.iter().map(|(key, value)| (Some(key), value)).collect())
        }
        flat => return text.push_str(&flat.to_string()),
    };
    text.push(brackets[0]);
    for (index, (key, item)) in items.into_iter().enumerate() {
        text.push_str(if index > 0 { ",\n" } else { "\n" });
        (0..=depth).for_each(|_| text.push_str(indent));
        if let Some(key) = key {
            text.push_str(&key.0);
            text.push_str(": ");
        }
        write_lines(item, indent, depth + 1, text);
    }
    text.push('\n');
    (0..depth).for_each(|_| text.push_str(indent));
    text.push(brackets[1]);
}
