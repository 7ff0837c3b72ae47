//! Example statements for error messages about missing parameters. Text values that are unknown are written as `…`.

use stackql_provider::{Method, Parameter, Resource, Type, Verb};

/// An example statement with the method's verb and all its required parameters.
pub(crate) fn by_verb(table: &str, resource: &Resource, method: &Method) -> String {
    let owed = method.caller_required();
    let sample = |p: &&str| sample(resource, method, p);
    let pairs =
        |of: &[&str], joint: &str| of.iter().map(|p| format!("{p} = {}", sample(p))).collect::<Vec<_>>().join(joint);
    match method.verb {
        Verb::Insert => {
            let values: Vec<&str> = owed.iter().map(sample).collect();
            format!("INSERT INTO {table} ({}) VALUES ({})", owed.join(", "), values.join(", "))
        }
        Verb::Delete => format!("DELETE FROM {table} WHERE {}", pairs(&owed, " AND ")),
        Verb::Update | Verb::Replace => {
            // The first required parameter identifies the object and is in WHERE; the others are assigned in SET.
            let (names, becomes) = owed.split_at(owed.len().min(1));
            let becomes = if becomes.is_empty() { telling(resource, method) } else { becomes.to_vec() };
            format!("{} {table} SET {} WHERE {}", method.verb.keyword(), pairs(&becomes, ", "), pairs(names, " AND "))
        }
        Verb::Select => format!("SELECT * FROM {table} WHERE {}", pairs(&owed, " AND ")),
        Verb::Exec => by_name(table, resource, method),
    }
}

/// An EXEC statement that calls the method by name, with all its required parameters.
pub(crate) fn by_name(table: &str, resource: &Resource, method: &Method) -> String {
    let argument = |p: &&str| format!("@{p} = {}", sample(resource, method, p));
    let arguments: Vec<String> = method.caller_required().iter().map(argument).collect();
    format!("EXEC {table}.{} {}", method.name, arguments.join(", "))
}

/// An optional parameter for the SET clause of an example: the first number, else the first that is not nested; empty if there
/// is none.
fn telling<'a>(resource: &Resource, method: &'a Method) -> Vec<&'a str> {
    let plain = |p: &&Parameter| !p.required && !p.idempotency_token && !resource.types.get(p.ty).is_nested();
    let number = |p: &&Parameter| matches!(resource.types.get(p.ty), Type::Integer | Type::Number);
    let mut free = method.parameters.iter().filter(plain);
    let first = free.clone().next();
    free.find(number).or(first).map(|p| p.name.as_str()).into_iter().collect()
}

/// A sample literal of the parameter's type.
fn sample(resource: &Resource, method: &Method, parameter: &str) -> &'static str {
    match method.parameter(parameter).map(|p| resource.types.get(p.ty)) {
        Some(Type::Integer | Type::Number) => "1",
        Some(Type::Boolean | Type::Bit) => "true",
        _ => "'…'",
    }
}
