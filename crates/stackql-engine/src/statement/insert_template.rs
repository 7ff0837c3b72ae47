//! SHOW INSERT INTO: a template of a statement that creates a row, with the data it is filled in from. Places in the data,
//! `<< name >>`, are for a person to fill in.

use stackql_provider::{BodyStyle, Location, Member, Parameter, Type, TypeRef, Types, Verb};

use super::listing::Listing;
use super::show::Table;
use crate::error::Error;
use crate::resolve::names::quoted;

/// How far a list or object inside of another one is indented further.
const INDENT: usize = 2;
/// The words that jsonnet's specification keeps from being names.
const KEYWORDS: [&str; 18] = [
    "assert",
    "else",
    "error",
    "false",
    "for",
    "function",
    "if",
    "import",
    "importbin",
    "importstr",
    "in",
    "local",
    "null",
    "self",
    "super",
    "tailstrict",
    "then",
    "true",
];

/// The template of the table's first method that answers INSERT: the parameters that it requires, or `all`, and every
/// member of its body. The fields of a form are parameters. Where it requires nothing, all of it is better than nothing.
pub(crate) fn insert_into(table: &Table, all: bool) -> Result<Listing, Error> {
    let Some(method) = table.resource.methods_of(Verb::Insert).next() else {
        return Err(Error::NoInsert { table: table.name.clone() });
    };
    let is_form = matches!(method.request.body, BodyStyle::Form(_));
    let is_of_body = |p: &Parameter| p.location == Location::Body && !is_form;
    let written = |p: &&Parameter| !p.implied && !p.idempotency_token && !p.is_read_only && !p.is_exact;
    let mut parameters: Vec<&Parameter> = method.parameters.iter().filter(written).collect();
    let all = all || !parameters.iter().any(|p| p.required || is_of_body(p));
    parameters.retain(|p| p.required || all || is_of_body(p));
    parameters.sort_by_key(|p| (is_of_body(p), &p.name));
    let name = &table.name;
    if parameters.is_empty() {
        return Ok(Listing::new(&["insert_statement"], &[]).with([[format!("INSERT INTO {name} DEFAULT VALUES;")]]));
    }
    let shapes = Shapes { types: &table.resource.types, all: all || !is_form };
    let data = parameters.iter().map(|p| {
        let gap = if is_of_body(p) { "    " } else { " " };
        format!("   {}:{gap}{}", key(&p.name), shapes.data(p.whole(), &p.name, &p.name, 3, &mut Vec::new()))
    });
    let columns = parameters.iter().map(|p| format!("  {}", column(&p.name)));
    let values = parameters.iter().map(|p| format!("  {}", shapes.literal(p)));
    let statement = format!(
        "<<<jsonnet\n{{\n{}\n}}\n>>>\nINSERT INTO {name}(\n{}\n)\nSELECT\n{}\n;",
        data.collect::<Vec<_>>().join(",\n"),
        columns.collect::<Vec<_>>().join(",\n"),
        values.collect::<Vec<_>>().join(",\n"),
    );
    Ok(Listing::new(&["insert_statement"], &[]).with([[statement]]))
}

/// Whether a name is one in statements, templates and jsonnet alike.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// A column as it may stand in a statement.
fn column(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { quoted(name).to_string() }
}

/// A member's name in jsonnet.
fn key(name: &str) -> String {
    match is_plain(name) && !KEYWORDS.contains(&name) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

/// Where a template has the value of a member.
fn member(path: &str, name: &str) -> String {
    if is_plain(name) { format!("{path}.{name}") } else { format!("(index {path} {name:?})") }
}

struct Shapes<'a> {
    types: &'a Types,
    /// With the members that may be left out.
    all: bool,
}

impl Shapes<'_> {
    /// The data of a value, in jsonnet. `place` is what its place is called, `path` the way to it.
    fn data(&self, ty: TypeRef, place: &str, path: &str, indent: usize, outer: &mut Vec<TypeRef>) -> String {
        // A shape inside itself is left to who knows how deep it goes.
        if outer.contains(&ty) {
            return "null".to_owned();
        }
        outer.push(ty);
        let blanks = " ".repeat(indent);
        let object = |members: Vec<String>| format!("{{\n{}\n{blanks}}}", members.join(",\n"));
        let text = match self.types.get(ty) {
            Type::List { item, .. } => {
                let path = format!("{path}[0]");
                format!("[ {} ]", self.data(*item, &path, &path, indent + INDENT, outer))
            }
            Type::Map { value } => {
                let value_path = format!("{path}[0].val");
                let value = self.data(*value, &value_path, &value_path, indent + INDENT, outer);
                object(vec![format!("{blanks}<< {path}[0].key >>: {value}")])
            }
            Type::Structure { members } => {
                let one = |m: &Member| {
                    let path = format!("{path}.{}", m.name);
                    let value = self.data(m.ty, &m.name, &path, indent + INDENT, &mut outer.clone());
                    format!("{blanks}{}: {value}", key(&m.name))
                };
                object(self.written(members).into_iter().map(one).collect())
            }
            _ => format!("<< {place} >>"),
        };
        outer.pop();
        text
    }

    /// The literal of a parameter, in the template. What is in quotes begins where what is not has a blank.
    fn literal(&self, parameter: &Parameter) -> String {
        let path = member(".values", &parameter.name);
        match self.types.get(parameter.whole()) {
            Type::Integer | Type::Number | Type::Boolean | Type::Bit => format!(" {{{{ {path} }}}}"),
            Type::List { .. } | Type::Map { .. } | Type::Structure { .. } if !path.starts_with('(') => {
                format!("'{}'", self.json(parameter.whole(), &path, &mut Vec::new()))
            }
            _ => format!("'{{{{ {path} }}}}'"),
        }
    }

    /// JSON of a value, in the template.
    fn json(&self, ty: TypeRef, path: &str, outer: &mut Vec<TypeRef>) -> String {
        if outer.contains(&ty) {
            return "null".to_owned();
        }
        outer.push(ty);
        let text = match self.types.get(ty) {
            Type::Integer | Type::Number | Type::Boolean | Type::Bit => format!("{{{{ {path} }}}}"),
            Type::String | Type::Timestamp(_) | Type::Blob | Type::Inner => format!("\"{{{{ {path} }}}}\""),
            // Below a name that no path can have, values are written as they are.
            Type::List { .. } | Type::Map { .. } | Type::Structure { .. } if path.starts_with('(') => {
                format!("{{{{ toJson {path} }}}}")
            }
            Type::Any => format!("{{{{ toJson {path} }}}}"),
            Type::List { item, .. } => format!("[ {} ]", self.json(*item, &format!("{path}[0]"), outer)),
            Type::Map { value } => {
                let value = self.json(*value, &format!("{path}[0].val"), outer);
                format!("{{ \"{{{{ {path}[0].key }}}}\": {value} }}")
            }
            Type::Structure { members } => {
                let one = |m: &Member| {
                    format!("\"{}\": {}", m.wire, self.json(m.ty, &member(path, &m.name), &mut outer.clone()))
                };
                let members: Vec<String> = self.written(members).into_iter().map(one).collect();
                format!("{{ {} }}", members.join(", "))
            }
        };
        outer.pop();
        text
    }

    /// The members that a statement writes, by name: all, or the required ones where there are any.
    fn written<'m>(&self, members: &'m [Member]) -> Vec<&'m Member> {
        let mut written: Vec<&Member> = members.iter().filter(|m| !m.idempotency_token && !m.is_read_only).collect();
        let all = self.all || !written.iter().any(|m| m.required);
        written.retain(|m| all || m.required);
        written.sort_by_key(|m| &m.name);
        written
    }
}
