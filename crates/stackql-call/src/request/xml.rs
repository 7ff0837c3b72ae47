//! Encodes arguments as child elements of an XML document.

use quick_xml::escape::escape;
use serde_json::Value as Json;
use stackql_provider::{Parameter, Type, TypeRef, Types};

use super::form::scalar;
use crate::response::xml::is_markup;

/// The document with one element for each argument.
pub(super) fn document<'a>(
    types: &Types,
    (declaration, root, attributes): (&str, &str, &str),
    bound: impl Iterator<Item = (&'a Parameter, &'a Json)>,
) -> String {
    let mut out = declaration.to_owned();
    out.push('<');
    out.push_str(root);
    if !attributes.is_empty() {
        out.push(' ');
        out.push_str(attributes.trim());
    }
    out.push('>');
    for (parameter, value) in bound {
        match value {
            // Text for a nested parameter is the XML content of its element.
            Json::String(text) if types.get(parameter.ty).is_nested() && is_markup(text) => {
                begin(&mut out, &parameter.wire);
                out.push_str(text);
                end(&mut out, &parameter.wire);
            }
            value => element(&mut out, types, &parameter.wire, parameter.ty, value),
        }
    }
    end(&mut out, root);
    out
}

fn element(out: &mut String, types: &Types, name: &str, ty: TypeRef, value: &Json) {
    match (types.get(ty), value) {
        (_, Json::Null) => {}
        (Type::List { item, flattened: true, .. }, Json::Array(items)) => {
            items.iter().for_each(|each| element(out, types, name, *item, each));
        }
        (Type::List { item, item_wire, .. }, Json::Array(items)) => {
            begin(out, name);
            let item_wire = item_wire.as_deref().unwrap_or("member");
            items.iter().for_each(|each| element(out, types, item_wire, *item, each));
            end(out, name);
        }
        (Type::Structure { members }, Json::Object(object)) => {
            begin(out, name);
            for member in members {
                if let Some(value) = object.get(&member.name) {
                    element(out, types, &member.request_wire, member.ty, value);
                }
            }
            end(out, name);
        }
        (Type::Map { value: of }, Json::Object(entries)) => {
            begin(out, name);
            for (key, value) in entries {
                begin(out, "entry");
                leaf(out, "key", key);
                element(out, types, "value", *of, value);
                end(out, "entry");
            }
            end(out, name);
        }
        (_, Json::Array(items)) => items.iter().for_each(|each| element(out, types, name, ty, each)),
        (_, Json::Object(members)) => {
            begin(out, name);
            members.iter().for_each(|(member, value)| element(out, types, member, ty, value));
            end(out, name);
        }
        (_, value) => leaf(out, name, &scalar(value)),
    }
}

fn leaf(out: &mut String, name: &str, text: &str) {
    begin(out, name);
    out.push_str(&escape(text));
    end(out, name);
}

fn begin(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

fn end(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}
