//! Encodes nested values as the flat fields of a form: `Filter.1.Value.2=x`.

use percent_encoding::utf8_percent_encode;
use serde_json::Value as Json;
use stackql_provider::{FormStyle, Parameter, Type, TypeRef, Types};

use super::uri_encoding::ENCODED;

/// Appends the fields of one argument.
pub(super) fn append(
    fields: &mut Vec<(String, String)>,
    types: &Types,
    style: FormStyle,
    parameter: &Parameter,
    value: &Json,
) {
    write(fields, types, style, parameter.wire.clone(), parameter.ty, value);
}

fn write(fields: &mut Vec<(String, String)>, types: &Types, style: FormStyle, name: String, ty: TypeRef, value: &Json) {
    match (types.get(ty), value) {
        (_, Json::Null) => {}
        (Type::List { item, item_wire, flattened }, Json::Array(items)) => {
            if items.is_empty() && style == FormStyle::IndexedMember {
                fields.push((name, String::new()));
                return;
            }
            let infix = match style {
                FormStyle::IndexedMember if !flattened => format!(".{}", item_wire.as_deref().unwrap_or("member")),
                FormStyle::Indexed | FormStyle::IndexedMember => String::new(),
            };
            for (i, each) in items.iter().enumerate() {
                write(fields, types, style, format!("{name}{infix}.{}", i + 1), *item, each);
            }
        }
        (Type::Structure { members }, Json::Object(object)) => {
            for member in members {
                if let Some(value) = object.get(&member.name) {
                    write(fields, types, style, format!("{name}.{}", member.request_wire), member.ty, value);
                }
            }
        }
        (Type::Map { value: of }, Json::Object(object)) => {
            let infix = match style {
                FormStyle::IndexedMember => ".entry",
                FormStyle::Indexed => "",
            };
            for (i, (key, value)) in object.iter().enumerate() {
                let entry = format!("{name}{infix}.{}", i + 1);
                fields.push((format!("{entry}.key"), key.clone()));
                write(fields, types, style, format!("{entry}.value"), *of, value);
            }
        }
        (Type::Any, Json::Array(items)) => {
            for (i, each) in items.iter().enumerate() {
                write(fields, types, style, format!("{name}.{}", i + 1), ty, each);
            }
        }
        (Type::Any, Json::Object(members)) => {
            for (member, value) in members {
                write(fields, types, style, format!("{name}.{member}"), ty, value);
            }
        }
        (_, scalar_value) => fields.push((name, scalar(scalar_value))),
    }
}

/// The percent-encoded text of a form.
pub(super) fn encoded(fields: &[(String, String)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        body.extend(utf8_percent_encode(name, ENCODED));
        body.push('=');
        body.extend(utf8_percent_encode(value, ENCODED));
    }
    body
}

/// A scalar as text; a nested value as JSON.
pub(super) fn scalar(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
