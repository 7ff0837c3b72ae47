//! `printf` as in Go, where the engine's differs: lists and maps are formatted element by element, and `%T` is Go's type name.
//! Everything else is delegated to the engine.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use gotmpl::{Template, TemplateError, Value};

use super::meter::Meter;

/// The widest field that a format may request; formatting a field is charged this many bytes.
pub(super) const WIDEST: usize = 1 << 16;

/// Templates that pass a format and a number of values to the engine's own `printf`, by the number of arguments.
static ENGINES: LazyLock<Mutex<HashMap<usize, Arc<Template>>>> = LazyLock::new(Mutex::default);

/// Formats the values in `args` by the format, its first element.
pub(super) fn printf(meter: &Meter, args: &[Value]) -> Result<String, TemplateError> {
    let Some((Value::String(format), values)) = args.split_first() else { return engine(args) };
    let is_nested = |value: &Value| matches!(value, Value::List(_) | Value::Map(_));
    if !values.iter().any(is_nested) && !format.contains('T') {
        return engine(args);
    }
    let Some(pieces) = pieces(format) else { return engine(args) };
    let (mut text, mut written, mut rest) = (String::new(), Vec::with_capacity(args.len()), values.iter());
    for piece in pieces {
        let Piece::Directive { directive, verb } = piece else {
            text.push_str(piece.text());
            continue;
        };
        match rest.next() {
            // The width of the directive applies to the type name.
            Some(value) if verb == 'T' => {
                text.push_str(&directive[..directive.len() - 1]);
                text.push('s');
                written.push(Value::String(type_name(value).into()));
            }
            Some(value) if is_nested(value) => {
                text.push_str("%s");
                written.push(Value::String(nested(meter, directive, value)?.into()));
            }
            value => {
                text.push_str(directive);
                written.extend(value.cloned());
            }
        }
    }
    written.extend(rest.cloned());
    written.insert(0, Value::String(text.into()));
    engine(&written)
}

/// A piece of a format.
#[derive(Debug, Clone, Copy)]
enum Piece<'a> {
    /// Literal text, `%%` included.
    Text(&'a str),
    /// A directive that takes a value.
    Directive { directive: &'a str, verb: char },
}

impl<'a> Piece<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Text(text) | Self::Directive { directive: text, .. } => text,
        }
    }
}

/// The pieces of a format; `None` if it takes values out of order, or widths from values.
fn pieces(format: &str) -> Option<Vec<Piece<'_>>> {
    let (mut pieces, mut rest) = (Vec::new(), format);
    while let Some(at) = rest.find('%') {
        pieces.push(Piece::Text(&rest[..at]));
        rest = &rest[at..];
        let is_flag = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '#' | ' ' | '.');
        let end = 1 + rest[1..].find(|c| !is_flag(c)).unwrap_or(rest.len() - 1);
        let Some(verb) = rest[end..].chars().next() else { break };
        let (directive, after) = rest.split_at(end + verb.len_utf8());
        match verb {
            '*' | '[' => return None,
            '%' => pieces.push(Piece::Text(directive)),
            verb => pieces.push(Piece::Directive { directive, verb }),
        }
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Some(pieces)
}

/// Formats a list or a map, each element by the directive.
fn nested(meter: &Meter, directive: &str, value: &Value) -> Result<String, TemplateError> {
    let element = |value: &Value| -> Result<String, TemplateError> {
        if directive.bytes().any(|b| b.is_ascii_digit()) {
            meter.spend(WIDEST)?;
        }
        let text = match value {
            Value::Nil => "<nil>".to_owned(),
            Value::List(_) | Value::Map(_) => nested(meter, directive, value)?,
            other => engine(&[Value::String(directive.into()), of_a_document(directive, other)])?,
        };
        meter.spend(text.len())?;
        Ok(text)
    };
    match value {
        Value::List(items) => {
            let items = items.iter().map(element).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("[{}]", items.join(" ")))
        }
        Value::Map(members) => {
            let member = |(name, value): (&Arc<str>, &Value)| {
                Ok(format!("{}:{}", element(&Value::String(Arc::clone(name)))?, element(value)?))
            };
            let members = members.iter().map(member).collect::<Result<Vec<_>, TemplateError>>()?;
            Ok(format!("map[{}]", members.join(" ")))
        }
        other => element(other),
    }
}

/// A number as Go's text verbs format it: in Go, all numbers of documents are floats.
fn of_a_document(directive: &str, value: &Value) -> Value {
    match value {
        Value::Int(whole) if directive.ends_with(['s', 'q', 't']) => Value::Float(*whole as f64),
        Value::Uint(whole) if directive.ends_with(['s', 'q', 't']) => Value::Float(*whole as f64),
        other => other.clone(),
    }
}

/// Go's type name for a value of a document.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
        Value::Function(_) => "func",
    }
}

/// Calls the engine's own `printf`.
fn engine(args: &[Value]) -> Result<String, TemplateError> {
    let template = {
        let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        match engines.get(&args.len()) {
            Some(known) => Arc::clone(known),
            None => {
                let operands: String = (0..args.len()).map(|at| format!(" (index . {at})")).collect();
                let template = Arc::new(Template::new("printf").parse(&format!("{{{{printf{operands}}}}}"))?);
                engines.insert(args.len(), Arc::clone(&template));
                template
            }
        }
    };
    template.execute_to_string(&Value::List(args.to_vec().into()))
}

#[cfg(test)]
mod tests;
