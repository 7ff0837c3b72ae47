//! Encodes arguments as the JSON of a body.

use serde_json::{Map, Value as Json};
use stackql_provider::{Parameter, TimeFormat, Type, TypeRef, Types};

/// The body with these members, compact and with sorted keys. They are added to the object `base`; without members the body is
/// `base`, or nothing. `wrap` names the member that has all of them as JSON text.
pub(super) fn body(base: Option<&str>, wrap: Option<&str>, members: Map<String, Json>) -> Option<String> {
    let base = base.map(|text| serde_json::from_str(text).map_err(|_| text));
    if members.is_empty() {
        return base.map(|base| base.map_or_else(str::to_owned, sorted));
    }
    let members = match wrap {
        Some(wrap) => [(wrap.to_owned(), Json::String(sorted(Json::Object(members))))].into_iter().collect(),
        None => members,
    };
    match base {
        Some(Ok(Json::Object(mut whole))) => {
            whole.extend(members);
            Some(sorted(Json::Object(whole)))
        }
        _ => Some(sorted(Json::Object(members))),
    }
}

/// Compact JSON whose objects have their keys in byte order.
fn sorted(mut value: Json) -> String {
    value.sort_all_objects();
    value.to_string()
}

/// The arguments as members of one object, under their wire names.
pub(super) fn members<'a>(types: &Types, bound: impl Iterator<Item = (&'a Parameter, &'a Json)>) -> Map<String, Json> {
    bound.map(|(p, value)| (p.wire.clone(), to_wire_names(types, p.ty, p.time_format, value))).collect()
}

/// A value with the wire names of its members, and with times in the wire format.
pub(super) fn to_wire_names(types: &Types, ty: TypeRef, time_format: Option<TimeFormat>, value: &Json) -> Json {
    match (types.get(ty), value) {
        (Type::Timestamp(format), Json::String(text)) if time_format.unwrap_or(*format) == TimeFormat::EpochSeconds => {
            // Bound epoch seconds are text, as forms and query strings need them; in JSON they are a number.
            text.parse().map_or_else(|_| value.clone(), Json::Number)
        }
        (Type::List { item, .. }, Json::Array(items)) => {
            items.iter().map(|each| to_wire_names(types, *item, None, each)).collect()
        }
        (Type::Map { value: of }, Json::Object(entries)) => Json::Object(
            entries.iter().map(|(key, each)| (key.clone(), to_wire_names(types, *of, None, each))).collect(),
        ),
        (Type::Structure { members }, Json::Object(object)) => {
            let member = |(name, each): (&String, &Json)| match members.iter().find(|m| m.name == *name) {
                Some(member) => {
                    (member.request_wire.clone(), to_wire_names(types, member.ty, member.time_format, each))
                }
                None => (name.clone(), each.clone()),
            };
            Json::Object(object.iter().map(member).collect())
        }
        _ => value.clone(),
    }
}

/// The JSON of a text for a parameter of this type; the text is from a definition or a cursor.
pub(super) fn typed(types: &Types, ty: TypeRef, text: &str) -> Json {
    let parsed = || serde_json::from_str(text).ok();
    let value = match types.get(ty) {
        Type::Integer | Type::Number => parsed().filter(Json::is_number),
        Type::Boolean | Type::Bit => parsed().filter(Json::is_boolean),
        Type::List { .. } => parsed().filter(Json::is_array),
        Type::Map { .. } | Type::Structure { .. } | Type::Any => parsed().filter(Json::is_object),
        Type::String | Type::Timestamp(_) | Type::Blob | Type::Inner => None,
    };
    value.unwrap_or_else(|| Json::String(text.to_owned()))
}
