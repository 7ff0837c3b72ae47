//! The comparison functions of templates, as in Go, except that integers and floats compare by value. In Go the literal decides
//! which of both a number is; here the document does.

use std::cmp::Ordering;

use gotmpl::{TemplateError, Value};

/// `eq a b c…`: whether `a` equals any of the others.
pub(super) fn equals_any(args: &[Value]) -> Result<bool, TemplateError> {
    let [first, others @ ..] = args else { return Err(missing()) };
    if others.is_empty() {
        return Err(missing());
    }
    for other in others {
        if equals(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `ne a b`.
pub(super) fn differs(args: &[Value]) -> Result<bool, TemplateError> {
    let [a, b] = args else { return Err(missing()) };
    Ok(!equals(a, b)?)
}

/// `lt`, `le`, `gt` and `ge`; `wanted` selects the orderings for which the result is true.
pub(super) fn ordered(args: &[Value], wanted: fn(Ordering) -> bool) -> Result<bool, TemplateError> {
    let [a, b] = args else { return Err(missing()) };
    let ordering = match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => numbers(a, b).ok_or_else(|| incompatible(a, b))?,
    };
    Ok(ordering.is_some_and(wanted))
}

fn equals(a: &Value, b: &Value) -> Result<bool, TemplateError> {
    match (a, b) {
        (Value::Nil, other) | (other, Value::Nil) => Ok(matches!(other, Value::Nil)),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::String(a), Value::String(b)) => Ok(a == b),
        _ => Ok(numbers(a, b).ok_or_else(|| incompatible(a, b))? == Some(Ordering::Equal)),
    }
}

/// The ordering of two numbers; `None` if one value is no number, `Some(None)` if they have no order (NaN).
fn numbers(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    let whole = |value: &Value| match value {
        Value::Int(n) => Some(i128::from(*n)),
        Value::Uint(n) => Some(i128::from(*n)),
        _ => None,
    };
    let float = |value: &Value| match value {
        Value::Int(n) => Some(*n as f64),
        Value::Uint(n) => Some(*n as f64),
        Value::Float(n) => Some(*n),
        _ => None,
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(Some(a.cmp(&b))),
        _ => Some(float(a)?.partial_cmp(&float(b)?)),
    }
}

fn missing() -> TemplateError {
    TemplateError::Exec("a comparison takes two values".to_owned())
}

fn incompatible(a: &Value, b: &Value) -> TemplateError {
    let (a, b) = (a.type_name(), b.type_name());
    TemplateError::Exec(format!("incompatible types for comparison: {a} and {b}"))
}
