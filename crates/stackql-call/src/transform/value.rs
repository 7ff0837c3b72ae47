//! Converts between JSON and template values.

use std::sync::Arc;

use gotmpl::{TemplateError, Value};
use serde_json::{Map, Number, Value as Json};

/// Converts JSON to a template value. Integers stay integers, where Go would make all numbers floats and lose digits.
pub(super) fn from_json(json: Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(truth),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(whole)) => Value::Uint(whole),
            (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(text.into()),
        Json::Array(items) => Value::List(items.into_iter().map(from_json).collect()),
        Json::Object(members) => {
            Value::Map(Arc::new(members.into_iter().map(|(name, value)| (name.into(), from_json(value))).collect()))
        }
    }
}

/// Converts a template value to JSON; fails for a function.
pub(super) fn to_json(value: &Value) -> Result<Json, TemplateError> {
    Ok(match value {
        Value::Nil => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(whole) => Json::Number((*whole).into()),
        Value::Uint(whole) => Json::Number((*whole).into()),
        Value::Float(number) => Number::from_f64(*number)
            .map(Json::Number)
            .ok_or_else(|| TemplateError::Exec("JSON has no number that is none".to_owned()))?,
        Value::String(text) => Json::String((**text).to_owned()),
        Value::List(items) => Json::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Value::Map(members) => {
            let mut object = Map::with_capacity(members.len());
            for (name, value) in members.iter() {
                object.insert((**name).to_owned(), to_json(value)?);
            }
            Json::Object(object)
        }
        Value::Function(_) => return Err(TemplateError::Exec("a function has no JSON; call it".to_owned())),
    })
}
