//! Example statements that call a method, with `<name>` as the placeholder of a value that the user has to fill in.
//! [`crate::site`] is the caller.

use stackql_provider::{Method, Parameter, Provider, Resource, Service, Type, TypeRef, Types, Verb};

/// Maximum nesting depth of the placeholder JSON of a nested value.
const MAX_DEPTH: u8 = 3;
/// Keywords that must be quoted if they are column names.
const RESERVED: [&str; 44] = [
    "all", "and", "any", "as", "between", "by", "case", "cross", "default", "delete", "distinct", "end", "except",
    "exists", "fetch", "for", "from", "full", "group", "having", "in", "inner", "insert", "interval", "into", "is",
    "join", "left", "like", "limit", "natural", "not", "null", "offset", "on", "or", "order", "outer", "right",
    "select", "set", "table", "union", "where",
];

/// A scope parameter and a value for it in the example.
pub(crate) struct ScopeValue {
    /// The name of the parameter.
    pub(crate) name: String,
    /// The default value, or a placeholder if there is none.
    pub(crate) value: String,
}

impl ScopeValue {
    /// The scope of a service, if it has one.
    pub(crate) fn for_service(provider: &Provider, service: &Service) -> Option<Self> {
        let name = service.endpoints.scope.as_ref()?;
        let scope = provider.scopes.iter().find(|s| s.name == *name);
        let value = scope.and_then(|s| s.default.clone()).unwrap_or_else(|| format!("<{name}>"));
        Some(Self { name: name.clone(), value })
    }
}

/// The example statement that calls `method` of the resource whose qualified name is `table`.
pub(crate) fn statement(table: &str, resource: &Resource, method: &Method, place: Option<&ScopeValue>) -> String {
    let bindings = Bindings::new(resource, method, place);
    match method.verb {
        Verb::Select => {
            let columns: Vec<String> = resource.row_columns(method).iter().map(|c| identifier(&c.name)).collect();
            let columns = if columns.is_empty() { "*".to_owned() } else { columns.join(",\n       ") };
            format!("SELECT {columns}\nFROM {table}{};", bindings.predicate(&bindings.given))
        }
        Verb::Insert | Verb::Replace if bindings.given.is_empty() => exec(table, method, &[]),
        Verb::Insert | Verb::Replace => {
            let (names, values): (Vec<&str>, Vec<&str>) =
                bindings.given.iter().map(|(n, v)| (n.as_str(), v.as_str())).unzip();
            let names: Vec<String> = names.into_iter().map(identifier).collect();
            let keyword = method.verb.keyword();
            format!("{keyword} INTO {table}({})\nVALUES ({});", names.join(", "), values.join(", "))
        }
        Verb::Delete => format!("DELETE FROM {table}{};", bindings.predicate(&bindings.given)),
        Verb::Update => {
            let (set, known) = match (&bindings.choice, bindings.required.split_last()) {
                (Some(choice), _) => (choice, bindings.required.as_slice()),
                (None, Some((last, known))) => (last, known),
                (None, None) => return exec(table, method, &[]),
            };
            format!("UPDATE {table}\nSET {} = {}{};", identifier(&set.0), set.1, bindings.predicate(known))
        }
        Verb::Exec => exec(table, method, &bindings.given),
    }
}
/// The EXEC statement of a method. It can call any method, and is the only statement for a method that takes no parameters
/// and does not serve SELECT.
fn exec(table: &str, method: &Method, given: &[(String, String)]) -> String {
    let named: Vec<String> = given.iter().map(|(n, v)| format!("@{n}={v}")).collect();
    let separator = if named.is_empty() { "" } else { " " };
    format!("EXEC {table}.{}{separator}{};", method.name, named.join(", "))
}

/// The parameters that the statement binds, as names and literals.
struct Bindings {
    /// The scope and the required parameters.
    required: Vec<(String, String)>,
    /// One optional parameter, for statements that need at least one value.
    choice: Option<(String, String)>,
    /// The scope and the required parameters; also the optional one if the method has no required parameters and does not
    /// serve SELECT.
    given: Vec<(String, String)>,
}

impl Bindings {
    fn new(resource: &Resource, method: &Method, place: Option<&ScopeValue>) -> Self {
        let is_place = |p: &&Parameter| place.is_some_and(|s| s.name == p.name);
        let bind = |p: &Parameter| (p.name.clone(), literal(&resource.types, p.ty, &p.name));
        let given = |p: &&Parameter| !is_place(p) && !pages(method, &p.name) && !p.implied;
        let parameters: Vec<&Parameter> = method.parameters.iter().filter(given).collect();
        let optional = || parameters.iter().filter(|p| !p.required && !p.idempotency_token);
        let telling = optional().find(|p| !matches!(resource.types.get(p.ty), Type::Boolean | Type::Bit));
        let choice = telling.or_else(|| optional().next()).map(|p| bind(p));

        let needed: Vec<(String, String)> = parameters.iter().filter(|p| p.required).map(|p| bind(p)).collect();
        let extra = if needed.is_empty() && method.verb != Verb::Select { choice.clone() } else { None };
        let place = place.map(|p| (p.name.clone(), quoted(&p.value)));
        let required: Vec<(String, String)> = place.into_iter().chain(needed).collect();
        let given = required.iter().cloned().chain(extra).collect();
        Self { required, choice, given }
    }

    fn predicate(&self, bound: &[(String, String)]) -> String {
        if bound.is_empty() {
            return String::new();
        }
        let tests: Vec<String> = bound.iter().map(|(n, v)| format!("{} = {v}", identifier(n))).collect();
        format!("\nWHERE {}", tests.join("\n  AND "))
    }
}

/// Whether paging sets the parameter of a SELECT method.
pub(crate) fn pages(method: &Method, parameter: &str) -> bool {
    method.verb == Verb::Select && method.paging.as_ref().is_some_and(|paging| paging.sets(parameter))
}

fn identifier(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| !c.is_ascii_digit())
        && !RESERVED.contains(&name.to_ascii_lowercase().as_str());
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn literal(types: &Types, ty: TypeRef, name: &str) -> String {
    match types.get(ty) {
        Type::Integer | Type::Number => format!("<{name}>"),
        Type::Boolean | Type::Bit => "true".to_owned(),
        Type::String | Type::Timestamp(_) | Type::Blob | Type::Inner => quoted(&format!("<{name}>")),
        Type::Any | Type::List { .. } | Type::Map { .. } | Type::Structure { .. } => {
            let mut json = String::new();
            skeleton(&mut json, types, ty, name, 0);
            quoted(&json)
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Appends placeholder JSON of type `ty`. A structure has its required members, or its first member if none is required.
fn skeleton(out: &mut String, types: &Types, ty: TypeRef, name: &str, depth: u8) {
    match types.get(ty) {
        Type::Integer | Type::Number => *out += &format!("<{name}>"),
        Type::Boolean | Type::Bit => *out += "true",
        Type::String | Type::Timestamp(_) | Type::Blob | Type::Inner => *out += &format!("\"<{name}>\""),
        Type::Any => *out += "{}",
        Type::List { item, .. } => {
            out.push('[');
            if depth < MAX_DEPTH {
                skeleton(out, types, *item, name, depth + 1);
            }
            out.push(']');
        }
        Type::Map { value } => {
            *out += "{\"<key>\": ";
            if depth < MAX_DEPTH {
                skeleton(out, types, *value, "value", depth + 1)
            } else {
                *out += "null"
            }
            out.push('}');
        }
        Type::Structure { members } => {
            let required = members.iter().filter(|m| m.required);
            let first = members.iter().take(1).filter(|_| !members.iter().any(|m| m.required));
            out.push('{');
            for (i, member) in required.chain(first).enumerate().take_while(|_| depth < MAX_DEPTH) {
                *out += if i == 0 { "" } else { ", " };
                *out += &format!("\"{}\": ", member.wire);
                skeleton(out, types, member.ty, &member.wire, depth + 1);
            }
            out.push('}');
        }
    }
}
