//! Derives names of resources and methods from operation names.

use stackql_provider::Verb;

/// Splits an operation's name into its first camel-case word and the rest.
pub(crate) fn split(operation: &str) -> (&str, &str) {
    let end =
        operation.char_indices().skip(1).find(|(_, c)| !c.is_ascii_lowercase()).map_or(operation.len(), |(i, _)| i);
    operation.split_at(end)
}

/// Converts camel case to snake case, with an underscore before every capital but the first.
pub(crate) fn snake(noun: &str) -> String {
    let mut out = String::new();
    for (i, c) in noun.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The SQL verb for the first word of an operation's name.
pub(crate) fn verb(word: &str) -> Verb {
    match word {
        "Describe" | "Get" | "List" => Verb::Select,
        "Create" => Verb::Insert,
        "Delete" => Verb::Delete,
        _ => Verb::Exec,
    }
}

/// `name` with its first letter upper-cased.
pub(crate) fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|c| c.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
