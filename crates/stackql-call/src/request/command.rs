//! Encodes a call as a program of this machine and its arguments. Owns the data that the templates of the arguments receive.

use serde_json::{Map, Value as Json};
use stackql_provider::Protocol;

use super::json::to_wire_names;
use crate::{Operation, Transform, TransformError};

/// The template type of arguments: its input is a JSON object, and it has all functions.
const KIND: &str = "golang_template_json_v0.3.0";

/// Compiles the templates of the arguments.
pub(crate) fn compile(arguments: &[String]) -> Result<Vec<Transform>, TransformError> {
    arguments.iter().map(|argument| Transform::compile(KIND, argument)).collect()
}

/// Renders the arguments of a command from the `bound` values, which are by the position of the parameter in the method. An
/// unbound parameter is an empty text, where Go would print `<no value>`.
pub(super) fn arguments(
    operation: &Operation,
    templates: &[String],
    bound: Vec<(usize, Json)>,
) -> Result<Vec<String>, TransformError> {
    let (method, types) = (operation.method(), &operation.resource.types);
    let empty = method.parameters.iter().map(|parameter| (parameter.wire.clone(), Json::String(String::new())));
    let mut given: Map<String, Json> = empty.collect();
    for (at, value) in bound {
        let parameter = &method.parameters[at];
        given.insert(parameter.wire.clone(), to_wire_names(types, parameter.ty, parameter.time_format, &value));
    }
    let mut all = given.clone();
    all.insert(Protocol::PARAMETERS.to_owned(), Json::Object(given));
    let all = Json::Object(all).to_string();
    operation.command(templates)?.iter().map(|template| template.render(all.as_bytes())).collect()
}

/// A program and its arguments on one line, quoted as for a shell. It is for display only: no shell runs it.
pub(super) fn display_command(program: &str, arguments: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    let word = |word: &str| match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    let words: Vec<String> = std::iter::once(program).chain(arguments.iter().map(String::as_str)).map(word).collect();
    words.join(" ")
}
