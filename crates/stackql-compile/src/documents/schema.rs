//! Resolves schemas. Owns merging of `allOf`, `anyOf`, `oneOf` and references; recursion ends at a type that accepts
//! any value.

use std::collections::{HashMap, HashSet};

use stackql_provider::{Member, Type, TypeRef, Types};

use super::document_set::NodeRef;

/// Maximum nesting depth; deeper schemas accept any value.
const MAX_DEPTH: usize = 24;

/// A schema with everything merged into it.
#[derive(Default)]
pub(super) struct MergedSchema<'a> {
    /// `object`, `array`, `string`, …; empty if unknown.
    pub(super) kind: &'a str,
    pub(super) properties: Vec<(&'a str, NodeRef<'a>)>,
    pub(super) required: Vec<&'a str>,
    pub(super) items: Option<NodeRef<'a>>,
    pub(super) additional: Option<NodeRef<'a>>,
    pub(super) description: &'a str,
    /// Element name in XML.
    pub(super) xml_name: Option<&'a str>,
    /// Whether XML lists have no wrapping element.
    pub(super) is_flattened: bool,
    /// Whether XML lists are declared as unwrapped.
    pub(super) is_unwrapped: bool,
    pub(super) is_text_only: bool,
    /// Aliases of a property with this schema.
    aliases: Vec<&'a str>,
    /// Properties that have different types in the merged schemas.
    pub(super) mixed: Vec<ConflictingProperty<'a>>,
    at: HashMap<&'a str, usize>,
}

/// A property that occurs in two members of an `allOf`, `anyOf` or `oneOf`.
pub(super) struct Again<'a> {
    pub(super) name: &'a str,
    /// Name of the later member's schema, if it has one.
    pub(super) schema: Option<&'a str>,
    pub(super) at: NodeRef<'a>,
}

/// The properties of the members of a schema that an earlier member already has.
pub(super) fn repeated(at: NodeRef<'_>) -> Vec<Again<'_>> {
    let Ok(schema) = at.target() else { return Vec::new() };
    let mut known: HashSet<&str> = HashSet::new();
    let mut out = Vec::new();
    for member in ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)).flat_map(NodeRef::items) {
        // References back to the schema itself are skipped.
        let (mut part, mut seen) = (MergedSchema::default(), HashSet::from([schema.key()]));
        merge(member, &mut part, &mut seen, 1, false);
        let properties = part.properties;
        let again = properties.iter().filter(|(name, _)| known.contains(name));
        out.extend(again.map(|(name, at)| Again { name, schema: member.reference_name(), at: *at }));
        known.extend(properties.iter().map(|(name, _)| *name));
    }
    out
}

/// The type label to display if it differs from the effective type: empty for a schema that only lists alternatives.
pub(super) fn stated(at: NodeRef<'_>) -> Option<&'static str> {
    let schema = at.target().ok()?;
    let chooses = schema.get("anyOf").is_some() || schema.get("oneOf").is_some();
    let says = [at, schema].into_iter().any(|at| !kind(at).is_empty() || at.get("properties").is_some());
    (chooses && !says && schema.get("allOf").is_none()).then_some("")
}

/// A property that has another type in a merged schema.
pub(super) struct ConflictingProperty<'a> {
    pub(super) name: &'a str,
    /// Name of the schema with the other type, if it has one.
    schema: Option<&'a str>,
}

/// Merges the schema at `at`.
pub(super) fn merged(at: NodeRef<'_>) -> MergedSchema<'_> {
    let mut merged = MergedSchema::default();
    merge(at, &mut merged, &mut HashSet::new(), 0, true);
    if merged.kind.is_empty() {
        merged.kind = match (&merged.items, merged.properties.is_empty(), &merged.additional) {
            (Some(_), _, _) => "array",
            (None, false, _) | (None, true, Some(_)) => "object",
            (None, true, None) => "",
        };
    }
    merged
}

/// Merges a schema, once even if it is reachable by several paths.
fn merge<'a>(
    at: NodeRef<'a>,
    into: &mut MergedSchema<'a>,
    seen: &mut HashSet<(usize, u32)>,
    depth: usize,
    binds: bool,
) {
    // Keywords next to a reference extend the referenced schema.
    if at.text("$ref").is_some() {
        local(at, None, into, binds);
    }
    let Ok(schema) = at.target() else { return };
    if depth > MAX_DEPTH || !seen.insert(schema.key()) {
        return;
    }
    local(schema, at.reference_name(), into, binds);
    for part in schema.get("allOf").into_iter().flat_map(NodeRef::items) {
        merge(part, into, seen, depth + 1, binds);
    }
    for key in ["anyOf", "oneOf"] {
        for part in schema.get(key).into_iter().flat_map(NodeRef::items) {
            merge(part, into, seen, depth + 1, false);
        }
    }
}

fn local<'a>(schema: NodeRef<'a>, called: Option<&'a str>, into: &mut MergedSchema<'a>, binds: bool) {
    if into.kind.is_empty() {
        into.kind = kind(schema);
    }
    if into.description.is_empty() {
        into.description = schema.text("description").unwrap_or_default();
    }
    into.is_text_only |= schema.says("x-stackQL-stringOnly");
    if let Some(alias) = schema.get("x-stackQL-alias") {
        let stated = alias.scalar().into_iter().chain(alias.items().filter_map(NodeRef::scalar));
        for name in stated.filter(|name| !name.is_empty()) {
            if !into.aliases.contains(&name) {
                into.aliases.push(name);
            }
        }
    }
    if let Some(xml) = schema.get("xml") {
        into.xml_name = into.xml_name.or(xml.text("name"));
        into.is_unwrapped |= xml.text("wrapped") == Some("false");
        into.is_flattened |= xml.says("x-flattened") || schema.says("x-flattened");
    }
    into.items = into.items.or(schema.get("items"));
    into.additional = into.additional.or(schema.get("additionalProperties").filter(|a| a.is_map()));
    for (name, property) in schema.get("properties").into_iter().flat_map(NodeRef::entries) {
        match into.at.get(name) {
            None => {
                into.at.insert(name, into.properties.len());
                into.properties.push((name, property));
            }
            Some(at) if differ(into.properties[*at].1, property) => {
                into.mixed.push(ConflictingProperty { name, schema: called });
            }
            Some(_) => {}
        }
    }
    if binds {
        into.required.extend(schema.get("required").into_iter().flat_map(NodeRef::items).filter_map(NodeRef::scalar));
    }
}

/// Whether a property occurs only in responses.
pub(super) fn is_read_only(property: NodeRef<'_>) -> bool {
    property.places().any(|at| at.says("readOnly"))
}

/// Whether both schemas state a type and the types differ.
fn differ(one: NodeRef<'_>, other: NodeRef<'_>) -> bool {
    let (one, other) = (kind_behind(one), kind_behind(other));
    !one.is_empty() && !other.is_empty() && one != other
}

fn kind_behind(at: NodeRef<'_>) -> &str {
    at.target().map_or("", kind)
}

/// The type that a schema states: the first one that is not `null`.
fn kind(schema: NodeRef<'_>) -> &str {
    let Some(stated) = schema.get("type") else {
        return if schema.get("enum").is_some() { "string" } else { "" };
    };
    let stated = stated.scalar().into_iter().chain(stated.items().filter_map(NodeRef::scalar));
    stated.into_iter().find(|k| *k != "null").unwrap_or_default()
}

/// The model type of a scalar type.
fn scalar(kind: &str) -> Option<Type> {
    Some(match kind {
        "integer" => Type::Integer,
        "number" => Type::Number,
        "boolean" => Type::Boolean,
        "bool" => Type::Bit,
        "array" | "object" => return None,
        "" => Type::Any,
        _ => Type::String,
    })
}

impl MergedSchema<'_> {
    /// Alternative names of a property with several types: prefixed with each schema that gives it another type.
    pub(super) fn names_of_mixed(&self, name: &str) -> Vec<String> {
        let others = self.mixed.iter().filter(|m| m.name == name).filter_map(|m| m.schema);
        let mut names: Vec<String> = others.map(|schema| format!("{schema}_{name}")).collect();
        names.retain(|n| !self.at.contains_key(n.as_str()));
        names.dedup();
        names
    }

    /// Aliases of the property with this schema, without those that are names of properties of `beside`.
    pub(super) fn aliases(&self, beside: &Self) -> Vec<String> {
        let is_free = |name: &&&str| !beside.properties.iter().any(|(other, _)| other == *name);
        self.aliases.iter().filter(is_free).map(|name| (*name).to_owned()).collect()
    }

    /// The type without nested types, which suffices where nested values are passed through as JSON.
    pub(super) fn shallow(&self, types: &mut Types) -> TypeRef {
        let ty = match (scalar(self.kind), self.kind) {
            _ if self.is_text_only => Type::String,
            (Some(scalar), _) => scalar,
            (None, "array") => Type::List { item: types.push(Type::Any), item_wire: None, flattened: false },
            (None, _) => Type::Any,
        };
        types.push(ty)
    }
}

/// Types including nested ones. XML needs them to distinguish lists from structures.
pub(super) struct NestedTypes<'t> {
    types: &'t mut Types,
    known: HashMap<(usize, u32), TypeRef>,
    depth: usize,
}

impl<'t> NestedTypes<'t> {
    pub(super) fn new(types: &'t mut Types) -> Self {
        Self { types, known: HashMap::new(), depth: 0 }
    }

    /// The type of a schema without nested types.
    pub(super) fn shallow(&mut self, schema: &MergedSchema<'_>) -> TypeRef {
        schema.shallow(self.types)
    }

    pub(super) fn add(&mut self, at: NodeRef<'_>) -> TypeRef {
        let key = at.target().map_or(at.key(), NodeRef::key);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let here = self.types.push(Type::Any);
        if self.depth >= MAX_DEPTH {
            return here;
        }
        self.known.insert(key, here);
        self.depth += 1;
        let schema = merged(at);
        let ty = match (scalar(schema.kind), schema.kind) {
            (Some(scalar), _) => scalar,
            (None, "array") => {
                let item_wire = schema.items.and_then(|i| merged(i).xml_name).map(str::to_owned);
                let item = match schema.items {
                    Some(item) => self.add(item),
                    None => self.types.push(Type::Any),
                };
                Type::List { item, item_wire, flattened: schema.is_flattened }
            }
            (None, _) if schema.properties.is_empty() => match schema.additional {
                Some(value) => Type::Map { value: self.add(value) },
                None => Type::Any,
            },
            (None, _) => {
                let member = |(name, property): &(&str, NodeRef<'_>)| {
                    let wire = merged(*property).xml_name.unwrap_or(name).to_owned();
                    let required = schema.required.contains(name);
                    let (name, request_wire) = ((*name).to_owned(), (*name).to_owned());
                    let (ty, is_read_only) = (self.add(*property), is_read_only(*property));
                    Member { name, wire, request_wire, ty, required, is_read_only, ..Member::default() }
                };
                Type::Structure { members: schema.properties.iter().map(member).collect() }
            }
        };
        self.depth -= 1;
        self.types.set(here, ty);
        here
    }
}
