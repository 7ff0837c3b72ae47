//! Statements that would work, for errors that say what one lacks. Values that nobody knows are `…`.

use stackql_provider::{Method, Parameter, Resource, Type, Verb};

/// A statement of the method's verb, with all that it requires.
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
            // What names the thing comes first; the rest is what it becomes.
            let (names, becomes) = owed.split_at(owed.len().min(1));
            let becomes = if becomes.is_empty() { telling(resource, method) } else { becomes.to_vec() };
            format!("{} {table} SET {} WHERE {}", method.verb.keyword(), pairs(&becomes, ", "), pairs(names, " AND "))
        }
        Verb::Select => format!("SELECT * FROM {table} WHERE {}", pairs(&owed, " AND ")),
        Verb::Exec => by_name(table, resource, method),
    }
}

/// A statement that calls the method by its name, with all that it requires.
pub(crate) fn by_name(table: &str, resource: &Resource, method: &Method) -> String {
    let argument = |p: &&str| format!("@{p} = {}", sample(resource, method, p));
    let arguments: Vec<String> = method.caller_required().iter().map(argument).collect();
    format!("EXEC {table}.{} {}", method.name, arguments.join(", "))
}

/// A parameter that a change could be about: a number, else the first plain one; none if there is none.
fn telling<'a>(resource: &Resource, method: &'a Method) -> Vec<&'a str> {
    let plain = |p: &&Parameter| !p.required && !p.idempotency_token && !resource.types.get(p.ty).is_nested();
    let number = |p: &&Parameter| matches!(resource.types.get(p.ty), Type::Integer | Type::Number);
    let mut free = method.parameters.iter().filter(plain);
    let first = free.clone().next();
    free.find(number).or(first).map(|p| p.name.as_str()).into_iter().collect()
}

/// A value that a parameter could have.
fn sample(resource: &Resource, method: &Method, parameter: &str) -> &'static str {
    match method.parameter(parameter).map(|p| resource.types.get(p.ty)) {
        Some(Type::Integer | Type::Number) => "1",
        Some(Type::Boolean | Type::Bit) => "true",
        _ => "'…'",
    }
}
