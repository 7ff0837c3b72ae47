//! Coerces a SQL value to JSON of its parameter's type, or reports which part of it does not fit.

use base64::Engine as _;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::{Map, Value as Json};
use stackql_provider::names::{NameMatch, match_name, nearest};
use stackql_provider::{Member, Parameter, TimeFormat, Type, TypeRef, Types};

use super::{BindError, Value};
use crate::response::xml::is_markup;

/// The maximum nesting depth of a value.
const MAX_DEPTH: usize = 64;

/// Coerces the arguments of one call.
pub(super) struct Coercion<'a> {
    pub(super) table: &'a str,
    pub(super) types: &'a Types,
    /// Whether the value goes into an XML body, where text for a nested parameter may be XML itself.
    pub(super) in_markup: bool,
    pub(super) token: &'a mut dyn FnMut() -> String,
}

impl Coercion<'_> {
    pub(super) fn argument(mut self, parameter: &Parameter, value: &Value) -> Result<Json, BindError> {
        let json = match value {
            Value::Null => Json::Null,
            Value::Boolean(b) => Json::Bool(*b),
            Value::Integer(n) => (*n).into(),
            Value::Number(n) => number(*n),
            Value::Text(text) if self.in_markup && self.types.get(parameter.ty).is_nested() && is_markup(text) => {
                return Ok(Json::String(text.clone()));
            }
            Value::Text(text) => self.parsed(&parameter.name, parameter.ty, text)?,
            Value::Json(json) => json.clone(),
        };
        let json = self.coerce(&parameter.name, parameter.ty, parameter.time_format, &json, 0)?;
        self.in_range(parameter, &json)?;
        Ok(json)
    }

    /// Parses text for a nested parameter as JSON. Text that does not begin like JSON is a list of one element for a list; for
    /// [`Type::Any`] it is a JSON scalar or, if it is not JSON, the text itself.
    fn parsed(&self, path: &str, ty: TypeRef, text: &str) -> Result<Json, BindError> {
        let shape = self.types.get(ty);
        let looks_nested = text.trim_start().starts_with(['[', '{']);
        match shape {
            Type::Any if !looks_nested => {
                Ok(serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned())))
            }
            Type::List { .. } if !looks_nested => Ok(Json::Array(vec![Json::String(text.to_owned())])),
            _ if shape.is_nested() => {
                serde_json::from_str(text).map_err(|e| self.shape(path, shape, &format!("'{text}' ({e})")))
            }
            _ => Ok(Json::String(text.to_owned())),
        }
    }

    fn coerce(
        &mut self,
        path: &str,
        ty: TypeRef,
        time_format: Option<TimeFormat>,
        value: &Json,
        depth: usize,
    ) -> Result<Json, BindError> {
        let types = self.types;
        let shape = types.get(ty);
        let unfit = || self.shape(path, shape, &json_shown(value));
        if depth > MAX_DEPTH {
            return Err(self.shape(path, shape, "a value nested too deeply"));
        }
        match (shape, value) {
            (_, Json::Null) => Ok(Json::Null),
            (Type::Any, value) => Ok(value.clone()),
            (Type::String, Json::String(_)) => Ok(value.clone()),
            (Type::String, Json::Number(n)) => Ok(Json::String(n.to_string())),
            (Type::String, Json::Bool(b)) => Ok(Json::String(b.to_string())),
            (Type::Integer, Json::Number(n)) => match (n.as_i64(), n.as_f64()) {
                (Some(n), _) => Ok(n.into()),
                (None, Some(f)) if f.fract() == 0.0 && f.abs() < 9e15 => Ok((f as i64).into()),
                _ => Err(unfit()),
            },
            (Type::Integer, Json::String(s)) => s.trim().parse::<i64>().map(Json::from).map_err(|_| unfit()),
            (Type::Number, Json::Number(_)) => Ok(value.clone()),
            (Type::Number, Json::String(s)) => s.trim().parse().map(number).map_err(|_| unfit()),
            (Type::Boolean | Type::Bit, Json::Bool(_)) => Ok(value.clone()),
            (Type::Boolean | Type::Bit, Json::String(s)) => match s.to_ascii_lowercase().as_str() {
                "true" | "t" | "1" => Ok(Json::Bool(true)),
                "false" | "f" | "0" => Ok(Json::Bool(false)),
                _ => Err(unfit()),
            },
            (Type::Boolean | Type::Bit, Json::Number(n)) if matches!(n.as_i64(), Some(0 | 1)) => {
                Ok(Json::Bool(n.as_i64() == Some(1)))
            }
            (Type::Timestamp(format), value) => {
                time(value, time_format.unwrap_or(*format)).map(Json::String).ok_or_else(unfit)
            }
            (Type::Blob, Json::String(s)) => match base64::engine::general_purpose::STANDARD.decode(s) {
                Ok(_) => Ok(value.clone()),
                Err(_) => Err(unfit()),
            },
            (Type::List { item, .. }, Json::Array(items)) => {
                let item = *item;
                let mut list = Vec::with_capacity(items.len());
                // NULL counts as not given, so it leaves no gap in the encoded list.
                for (i, each) in items.iter().enumerate().filter(|(_, each)| !each.is_null()) {
                    list.push(self.coerce(&format!("{path}[{}]", i + 1), item, None, each, depth + 1)?);
                }
                Ok(Json::Array(list))
            }
            (Type::List { item, .. }, scalar) if !scalar.is_object() || types.get(*item).is_nested() => {
                let item = *item;
                Ok(Json::Array(vec![self.coerce(&format!("{path}[1]"), item, None, scalar, depth + 1)?]))
            }
            (Type::Map { value: of }, Json::Object(object)) => {
                let of = *of;
                let mut map = Map::new();
                for (key, each) in object {
                    map.insert(key.clone(), self.coerce(&format!("{path}.{key}"), of, None, each, depth + 1)?);
                }
                Ok(Json::Object(map))
            }
            (Type::Structure { members }, Json::Object(object)) => self.structure(path, members, object, depth),
            _ => Err(unfit()),
        }
    }

    fn structure(
        &mut self,
        path: &str,
        members: &[Member],
        object: &Map<String, Json>,
        depth: usize,
    ) -> Result<Json, BindError> {
        let mut out = Map::new();
        let names =
            || members.iter().enumerate().flat_map(|(i, m)| [(i, m.name.as_str()), (i, &m.wire), (i, &m.request_wire)]);
        for (key, value) in object {
            let NameMatch::One(at) = match_name(key, names().collect::<Vec<_>>().into_iter()) else {
                let meant = nearest(key, members.iter().map(|m| m.name.as_str()));
                let meant = meant.map(|n| format!(" (did you mean '{n}'?)")).unwrap_or_default();
                let known: Vec<&str> = members.iter().map(|m| m.name.as_str()).collect();
                return Err(BindError::Shape {
                    table: self.table.to_owned(),
                    parameter: path.to_owned(),
                    expected: format!("an object of {}", known.join(", ")),
                    given: format!("the member '{key}'{meant}"),
                });
            };
            let member = &members[at];
            let inner =
                self.coerce(&format!("{path}.{}", member.name), member.ty, member.time_format, value, depth + 1)?;
            if out.insert(member.name.clone(), inner).is_some() {
                return Err(BindError::Shape {
                    table: self.table.to_owned(),
                    parameter: path.to_owned(),
                    expected: format!("an object in which {} stands once", member.name),
                    given: format!("the member '{key}'"),
                });
            }
        }
        for member in members.iter().filter(|m| m.idempotency_token) {
            if !out.contains_key(&member.name) {
                out.insert(member.name.clone(), Json::String((self.token)()));
            }
        }
        let absent = |m: &&Member| m.required && out.get(&m.name).is_none_or(Json::is_null);
        match members.iter().find(absent) {
            Some(member) => Err(BindError::Shape {
                table: self.table.to_owned(),
                parameter: path.to_owned(),
                expected: format!("an object with {}", member.name),
                given: "one without".to_owned(),
            }),
            None => Ok(Json::Object(out)),
        }
    }

    fn in_range(&self, parameter: &Parameter, value: &Json) -> Result<(), BindError> {
        let (measure, unit) = match (self.types.get(parameter.ty), value) {
            (_, Json::Number(n)) => (n.as_f64().unwrap_or_default(), ""),
            (Type::String, Json::String(s)) => (s.chars().count() as f64, " characters long"),
            (_, Json::Array(a)) => (a.len() as f64, " elements long"),
            _ => return Ok(()),
        };
        let below = parameter.minimum.is_some_and(|m| measure < m as f64);
        let above = parameter.maximum.is_some_and(|m| measure > m as f64);
        if !below && !above {
            return Ok(());
        }
        let range = match (parameter.minimum, parameter.maximum) {
            (Some(min), Some(max)) => format!("between {min} and {max}{unit}"),
            (Some(min), None) => format!("at least {min}{unit}"),
            (None, max) => format!("at most {}{unit}", max.unwrap_or_default()),
        };
        let (table, name) = (self.table.to_owned(), parameter.name.clone());
        Err(BindError::Range { table, parameter: name, range, given: json_shown(value) })
    }

    fn shape(&self, path: &str, shape: &Type, given: &str) -> BindError {
        let expected = match shape {
            Type::String | Type::Inner => "a text",
            Type::Integer => "an integer",
            Type::Number => "a number",
            Type::Boolean | Type::Bit => "true or false",
            Type::Timestamp(_) => "a time such as 2026-01-31T12:00:00Z",
            Type::Blob => "base64 text",
            Type::List { .. } => "a JSON array",
            Type::Any | Type::Map { .. } | Type::Structure { .. } => "a JSON object",
        };
        BindError::Shape {
            table: self.table.to_owned(),
            parameter: path.to_owned(),
            expected: expected.to_owned(),
            given: given.to_owned(),
        }
    }
}

/// A floating-point number; infinities and NaN, which JSON cannot represent, become the text of the wire format.
fn number(n: f64) -> Json {
    match serde_json::Number::from_f64(n) {
        Some(number) => Json::Number(number),
        None if n.is_nan() => "NaN".into(),
        None if n > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

/// A point in time in the format of the wire; a number is in seconds since 1970.
fn time(value: &Json, format: TimeFormat) -> Option<String> {
    let at: DateTime<chrono::Utc> = match value {
        Json::Number(n) => DateTime::from_timestamp_millis((n.as_f64()? * 1000.0).round() as i64)?,
        Json::String(text) => {
            let text = text.trim();
            let naive = || {
                NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
                    .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"))
                    .or_else(|_| {
                        NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|d| d.and_time(chrono::NaiveTime::MIN))
                    })
                    .map(|n| n.and_utc())
            };
            DateTime::parse_from_rfc3339(text).map(|t| t.to_utc()).or_else(|_| naive()).ok()?
        }
        _ => return None,
    };
    Some(match format {
        TimeFormat::Rfc3339 if at.timestamp_subsec_millis() == 0 => at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        TimeFormat::Rfc3339 => at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        TimeFormat::HttpDate => at.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        TimeFormat::EpochSeconds if at.timestamp_subsec_millis() == 0 => at.timestamp().to_string(),
        TimeFormat::EpochSeconds => format!("{:.3}", at.timestamp_millis() as f64 / 1000.0),
    })
}

/// A value for a message: on one line, and cut to 80 characters.
pub(super) fn shorten(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(b) => b.to_string(),
        Value::Integer(n) => n.to_string(),
        Value::Number(n) => n.to_string(),
        Value::Text(s) => json_shown(&Json::String(s.clone())),
        Value::Json(json) => json_shown(json),
    }
}

fn json_shown(value: &Json) -> String {
    let text = match value {
        Json::String(s) => format!("'{s}'"),
        other => other.to_string(),
    };
    let text: String = text.chars().flat_map(crate::request::printable).collect();
    if text.chars().count() <= 80 { text } else { text.chars().take(77).chain("...".chars()).collect() }
}

#[cfg(test)]
mod tests;
