//! SHOW INSERT INTO: a statement that creates a row once its places, `<< name >>`, are filled in.

use stackql_provider::{Member, Parameter, Type, TypeRef, Types, Verb};

use super::Table;
use super::listing::Listing;
use crate::error::Error;
use crate::resolve::quoted;

/// The template of the table's first method that answers INSERT: with what it requires, or `all` that it takes. Where it
/// requires nothing, all of it is better than nothing.
pub(super) fn insert_into(table: &Table, all: bool) -> Result<Listing, Error> {
    let Some(method) = table.resource.methods_of(Verb::Insert).next() else {
        return Err(Error::NoInsert { table: table.name.clone() });
    };
    let said = |p: &&Parameter| !p.implied && !p.idempotency_token;
    let requires = method.parameters.iter().any(|p| p.required && said(&p));
    let shown = |p: &&Parameter| said(p) && (p.required || all || !requires);
    let mut parameters: Vec<&Parameter> = method.parameters.iter().filter(shown).collect();
    parameters.sort_by_key(|p| !p.required);
    let places = Places { types: &table.resource.types, all };
    let columns: Vec<String> = parameters.iter().map(|p| column(&p.name)).collect();
    let values: Vec<String> = parameters.iter().map(|p| places.literal(p)).collect();
    let name = &table.name;
    let query = match columns.is_empty() {
        true => format!("INSERT INTO {name} DEFAULT VALUES"),
        false => format!("INSERT INTO {name} ({}) SELECT {}", columns.join(", "), values.join(", ")),
    };
    Ok(Listing::new(&["query"], &[]).with([[query]]))
}

/// A column as it may stand in a statement, in quotes where it is no plain word.
fn column(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match is_plain && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true => name.to_owned(),
        false => quoted(name).to_string(),
    }
}

/// Writes what is to be filled in.
struct Places<'a> {
    types: &'a Types,
    /// With the members that may be left out.
    all: bool,
}

impl Places<'_> {
    /// The literal of a parameter.
    fn literal(&self, parameter: &Parameter) -> String {
        match self.types.get(parameter.ty) {
            Type::Integer | Type::Number | Type::Boolean | Type::Bit => format!("<< {} >>", parameter.name),
            shape if self.is_known(shape) => {
                let json = self.json(parameter.ty, &parameter.name, &mut Vec::new());
                format!("'{}'", json.replace('\'', "''"))
            }
            _ => format!("'<< {} >>'", parameter.name),
        }
    }

    /// Whether it is known what is inside of a nested value.
    fn is_known(&self, shape: &Type) -> bool {
        match shape {
            Type::List { item, .. } => *self.types.get(*item) != Type::Any,
            Type::Map { .. } | Type::Structure { .. } => true,
            _ => false,
        }
    }

    /// JSON of a shape, whose places are called by the way that leads to them.
    fn json(&self, ty: TypeRef, path: &str, outer: &mut Vec<TypeRef>) -> String {
        // A shape inside itself begins anew.
        if outer.contains(&ty) {
            return "null".to_owned();
        }
        outer.push(ty);
        let text = match self.types.get(ty) {
            Type::Integer | Type::Number | Type::Boolean | Type::Bit | Type::Any => format!("<< {path} >>"),
            Type::String | Type::Timestamp(_) | Type::Blob | Type::Inner => format!("\"<< {path} >>\""),
            Type::List { item, .. } => format!("[{}]", self.json(*item, path, outer)),
            Type::Map { value } => {
                format!("{{\"<< {path}.key >>\": {}}}", self.json(*value, &format!("{path}.value"), outer))
            }
            Type::Structure { members } => {
                let requires = members.iter().any(|m| m.required);
                let shown = |m: &&Member| !m.idempotency_token && (m.required || self.all || !requires);
                let member = |m: &Member| {
                    format!("\"{}\": {}", m.wire, self.json(m.ty, &format!("{path}.{}", m.name), &mut outer.clone()))
                };
                let members: Vec<String> = members.iter().filter(shown).map(member).collect();
                format!("{{{}}}", members.join(", "))
            }
        };
        outer.pop();
        text
    }
}
