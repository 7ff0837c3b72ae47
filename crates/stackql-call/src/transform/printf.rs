//! `printf` as Go has it where the engine's own differs: lists and maps are written element by element, and `%T` is Go's
//! name of a type. Owns only that; all else is left to the engine's.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use gotmpl::{Template, TemplateError, Value};

use super::meter::Meter;

/// The widest field that a format may ask for, which is what one costs.
pub(super) const WIDEST: usize = 1 << 16;

/// Templates that hand a format and so many values to the engine's own function.
static ENGINES: LazyLock<Mutex<HashMap<usize, Arc<Template>>>> = LazyLock::new(Mutex::default);

/// The text of a format, the first of `args`, and its values.
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
            // Its width holds for the name as a whole.
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
    /// What stands for itself, `%%` included.
    Text(&'a str),
    /// What takes a value.
    Directive { directive: &'a str, verb: char },
}

impl<'a> Piece<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Text(text) | Self::Directive { directive: text, .. } => text,
        }
    }
}

/// The pieces of a format; `None` where it takes values in another order than its own, or widths out of values.
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

/// A list or a map, each element by the directive.
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

/// A number as the verbs of texts see it: all numbers of documents are broken ones in Go.
fn of_a_document(directive: &str, value: &Value) -> Value {
    match value {
        Value::Int(whole) if directive.ends_with(['s', 'q', 't']) => Value::Float(*whole as f64),
        Value::Uint(whole) if directive.ends_with(['s', 'q', 't']) => Value::Float(*whole as f64),
        other => other.clone(),
    }
}

/// Go's name of the type of a document's value.
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

/// What the engine's own function gives.
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
