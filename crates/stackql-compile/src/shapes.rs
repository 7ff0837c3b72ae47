//! Translates shapes of a service model to types of a resource. Recursive shapes become references.

use std::collections::HashMap;

use serde_json::Value;
use stackql_provider::{Member, TimeFormat, Type, TypeRef, Types};

use crate::naming::capital;

/// Shapes nested deeper than this become `Any`.
const MAX_DEPTH: usize = 64;

/// Collects the shapes that one resource uses.
#[derive(Debug)]
pub(crate) struct ShapeCompiler<'a> {
    pub(crate) model: &'a Value,
    pub(crate) query: bool,
    pub(crate) types: Types,
    seen: HashMap<String, TypeRef>,
    depth: usize,
}

impl<'a> ShapeCompiler<'a> {
    pub(crate) fn new(model: &'a Value, query: bool) -> Self {
        Self { model, query, types: Types::default(), seen: HashMap::new(), depth: 0 }
    }

    /// Adds a shape by name and returns its type reference.
    pub(crate) fn add(&mut self, name: &str) -> TypeRef {
        if let Some(known) = self.seen.get(name) {
            return *known;
        }
        let at = self.types.push(Type::Any);
        if self.depth == MAX_DEPTH {
            return at;
        }
        self.depth += 1;
        self.seen.insert(name.to_owned(), at);
        let model = self.model;
        let shape = &model["shapes"][name];
        let ty = match text(&shape["type"]) {
            "string" | "character" => Type::String,
            "integer" | "long" => Type::Integer,
            "float" | "double" => Type::Number,
            "boolean" => Type::Boolean,
            "timestamp" => Type::Timestamp(time(shape).unwrap_or_default()),
            "blob" => Type::Blob,
            "list" => {
                let item = self.add(text(&shape["member"]["shape"]));
                let wire = shape["member"]["locationName"].as_str();
                let flattened = shape["flattened"] == true;
                let fallback = if self.query { "member" } else { "item" };
                Type::List { item, item_wire: Some(wire.unwrap_or(fallback).to_owned()), flattened }
            }
            "map" => Type::Map { value: self.add(text(&shape["value"]["shape"])) },
            "structure" => Type::Structure { members: self.members(shape) },
            _ => Type::Any,
        };
        self.types.set(at, ty);
        self.depth -= 1;
        at
    }

    fn members(&mut self, shape: &Value) -> Vec<Member> {
        let required: Vec<&str> =
            shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut out = Vec::new();
        for (name, member) in shape["members"].as_object().into_iter().flatten() {
            out.push(Member {
                name: name.clone(),
                wire: wire(name, member),
                request_wire: request_wire(name, member, self.query),
                ty: self.add(text(&member["shape"])),
                required: required.contains(&name.as_str()),
                idempotency_token: member["idempotencyToken"] == true,
                time_format: time(member),
                ..Member::default()
            });
        }
        out
    }
}

/// The name of a member in responses.
pub(crate) fn wire(name: &str, member: &Value) -> String {
    member["locationName"].as_str().unwrap_or(name).to_owned()
}

/// The name of a member in requests.
pub(crate) fn request_wire(name: &str, member: &Value, query: bool) -> String {
    if query {
        return wire(name, member);
    }
    member["queryName"].as_str().map_or_else(|| capital(&wire(name, member)), str::to_owned)
}

/// The string, or an empty one if the value is no string.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn time(of: &Value) -> Option<TimeFormat> {
    match of["timestampFormat"].as_str()? {
        "rfc822" => Some(TimeFormat::HttpDate),
        "unixTimestamp" => Some(TimeFormat::EpochSeconds),
        _ => Some(TimeFormat::Rfc3339),
    }
}
