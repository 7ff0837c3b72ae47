//! Formats values as GraphQL literals, for templates that write GraphQL.

use gotmpl::{TemplateError, Value};
use serde_json::Value as Json;

use super::value::to_json;

/// A value inside quotes: its text, escaped; null is an empty text.
pub(super) fn text(value: &Value) -> Result<String, TemplateError> {
    let text = match to_json(value)? {
        Json::Null => String::new(),
        Json::String(text) => text,
        other => other.to_string(),
    };
    let quoted = Json::String(text).to_string();
    Ok(quoted[1..quoted.len() - 1].to_owned())
}

/// A value outside of quotes. Text is inserted as GraphQL, such as the name of an enum value or an object, but it must be
/// exactly one value, because anything after it would become part of the query. Null is `null`.
pub(super) fn value(value: &Value) -> Result<String, TemplateError> {
    match to_json(value)? {
        Json::String(text) if is_one(&text) => Ok(text),
        Json::String(text) => {
            let shown: String = text.chars().take(60).collect();
            Err(TemplateError::Exec(format!("'{shown}' stands outside of quotes, where it is not one value")))
        }
        other => {
            let mut out = String::new();
            write(&other, &mut out)?;
            Ok(out)
        }
    }
}

fn write(value: &Json, out: &mut String) -> Result<(), TemplateError> {
    match value {
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write(item, out)?;
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (at, (name, item)) in members.iter().enumerate() {
                if !is_name(name) {
                    let shown: String = name.chars().take(60).collect();
                    return Err(TemplateError::Exec(format!("'{shown}' is no name of a GraphQL field")));
                }
                out.push_str(if at == 0 { "" } else { ", " });
                out.push_str(name);
                out.push_str(": ");
                write(item, out)?;
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
    Ok(())
}

/// Whether a text is exactly one GraphQL value; the content of its brackets is checked only for tokens.
fn is_one(text: &str) -> bool {
    let (mut open, mut values, mut rest) = (Vec::new(), 0, text.trim());
    while let Some(c) = rest.chars().next() {
        let begins = open.is_empty() && !matches!(c, ']' | '}');
        values += usize::from(begins);
        let taken = match c {
            '[' | '{' => {
                open.push(if c == '[' { ']' } else { '}' });
                1
            }
            ']' | '}' if open.pop() == Some(c) => 1,
            ',' | ':' | ' ' | '\t' | '\n' | '\r' if !begins => 1,
            '"' => match quoted(rest) {
                Some(length) => length,
                None => return false,
            },
            _ => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '+' | '-'));
                let word = &rest[..length.unwrap_or(rest.len())];
                if !is_name(word) && !serde_json::from_str(word).is_ok_and(|json: Json| json.is_number()) {
                    return false;
                }
                word.len()
            }
        };
        rest = &rest[taken..];
    }
    open.is_empty() && values == 1
}

/// The length of the quoted string that `from` begins with, in bytes.
fn quoted(from: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in from.char_indices().skip(1) {
        match c {
            _ if c.is_control() => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            // Triple quotes begin a block string, which is not accepted.
            '"' if at == 1 && from[2..].starts_with('"') => return None,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
