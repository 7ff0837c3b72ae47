//! SHOW INSERT INTO: a template of an INSERT statement, and a jsonnet block with the data that it is rendered from. The user
//! fills in the placeholders `<< name >>` in the data.

use stackql_provider::{BodyStyle, Location, Member, Parameter, Type, TypeRef, Types, Verb};

use super::listing::Listing;
use super::show::Table;
use crate::error::Error;
use crate::resolve::names::quoted;

/// Indentation of a nested list or object, in spaces.
const INDENT: usize = 2;
/// The reserved words of jsonnet, which cannot be unquoted keys.
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

/// The template for the table's preferred INSERT method. It has the required parameters, or all parameters if `all` is set,
/// and every member of the body; form fields count as parameters. If nothing is required, it has all parameters.
///
/// # Errors
///
/// The table has no INSERT method.
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

/// Whether a name is an identifier in statements, templates and jsonnet alike.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The name of a column in a statement, quoted if necessary.
fn column(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { quoted(name).to_string() }
}

/// The key of a member in jsonnet, quoted if necessary.
fn key(name: &str) -> String {
    match is_plain(name) && !KEYWORDS.contains(&name) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

/// The template expression of a member of the value at `path`.
fn member(path: &str, name: &str) -> String {
    if is_plain(name) { format!("{path}.{name}") } else { format!("(index {path} {name:?})") }
}

struct Shapes<'a> {
    types: &'a Types,
    /// Include optional members.
    all: bool,
}

impl Shapes<'_> {
    /// The jsonnet of a value, with placeholders. `place` is the name of its placeholder, and `path` its path in the data.
    fn data(&self, ty: TypeRef, place: &str, path: &str, indent: usize, outer: &mut Vec<TypeRef>) -> String {
        // The type is recursive: deeper levels are left to the user.
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

    /// The literal of a parameter in the statement. An unquoted value has a leading space, which aligns it with quoted ones.
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

    /// The JSON of a value in the template.
    fn json(&self, ty: TypeRef, path: &str, outer: &mut Vec<TypeRef>) -> String {
        if outer.contains(&ty) {
            return "null".to_owned();
        }
        outer.push(ty);
        let text = match self.types.get(ty) {
            Type::Integer | Type::Number | Type::Boolean | Type::Bit => format!("{{{{ {path} }}}}"),
            Type::String | Type::Timestamp(_) | Type::Blob | Type::Inner => format!("\"{{{{ {path} }}}}\""),
            // A path that contains a name that is not an identifier cannot be extended, so the whole value is rendered as JSON.
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

    /// The writable members, sorted by name: the required ones, or all if none is required or `all` is set.
    fn written<'m>(&self, members: &'m [Member]) -> Vec<&'m Member> {
        let mut written: Vec<&Member> = members.iter().filter(|m| !m.idempotency_token && !m.is_read_only).collect();
        let all = self.all || !written.iter().any(|m| m.required);
        written.retain(|m| all || m.required);
        written.sort_by_key(|m| &m.name);
        written
    }
}
