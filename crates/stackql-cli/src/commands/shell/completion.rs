//! Name completion at the cursor: providers, services, tables and methods along a dotted path; otherwise keywords, and
//! the columns and parameters of the tables in the statement. It never sends requests.

use std::sync::Arc;

use reedline::{Completer, CompletionResult, Span, Suggestion};
use stackql_provider::{Definitions, Resource, Verb};

const KEYWORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "IN",
    "LIKE",
    "BETWEEN",
    "IS NULL",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "LIMIT",
    "UNION ALL",
    "WITH",
    "AS",
    "INSERT INTO",
    "VALUES",
    "RETURNING",
    "UPDATE",
    "SET",
    "REPLACE INTO",
    "DELETE FROM",
    "EXEC",
    "EXPLAIN",
    "SHOW PROVIDERS",
    "SHOW SERVICES IN",
    "SHOW RESOURCES IN",
    "SHOW METHODS IN",
    "SHOW INSERT INTO",
    "SHOW AUTH",
    "AUTH LOGIN",
    "AUTH REVOKE",
    "PURGE",
    "USE",
    "DESCRIBE",
    "REGISTRY LIST",
    "REGISTRY PULL",
];

/// Implements the line editor's completion.
pub(super) struct NameCompleter {
    definitions: Arc<dyn Definitions>,
}

/// A completion candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    name: String,
    /// Its description in the menu.
    what: &'static str,
}

impl NameCompleter {
    pub(super) fn new(definitions: &Arc<dyn Definitions>) -> Self {
        Self { definitions: Arc::clone(definitions) }
    }
}

impl Completer for NameCompleter {
    fn complete(&mut self, line: &str, position: usize) -> CompletionResult {
        let (start, candidates) = complete(self.definitions.as_ref(), line, position);
        let suggestion = |c: Candidate| Suggestion {
            value: c.name,
            description: Some(c.what.to_owned()),
            span: Span::new(start, position),
            append_whitespace: false,
            ..Suggestion::default()
        };
        CompletionResult::fresh(candidates.into_iter().map(suggestion).collect::<Vec<_>>())
    }
}

/// The candidates at `position`, and the start of the text that they replace.
fn complete(definitions: &dyn Definitions, line: &str, position: usize) -> (usize, Vec<Candidate>) {
    let before = line.get(..position).unwrap_or(line);
    let statement = before.rsplit(';').next().unwrap_or(before);
    let behind = line.get(position..).unwrap_or_default().split(';').next().unwrap_or_default();
    let word_length = statement.len() - statement.trim_end_matches(is_name).len();
    let (context, word) = statement.split_at(statement.len() - word_length);
    let (path, typed) = word.rsplit_once('.').unwrap_or(("", word));
    let words: Vec<String> = context.split_whitespace().map(str::to_ascii_uppercase).collect();
    let last = words.last().map_or("", String::as_str);

    let wants_table = matches!(last, "FROM" | "JOIN" | "INTO" | "UPDATE" | "DESCRIBE" | "EXEC" | "\\D" | ".INSPECT")
        || (last == "IN" && words.first().is_some_and(|w| w == "SHOW"));
    let mut candidates = if !path.is_empty() || wants_table {
        below(definitions, path, words.first().is_some_and(|w| w == "EXEC"))
    } else {
        values(definitions, &format!("{context} {behind}"), &words)
    };
    let typed_lower = typed.to_ascii_lowercase();
    candidates.retain(|c| c.name.to_ascii_lowercase().starts_with(&typed_lower));
    (before.len() - typed.len(), candidates)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '@')
}

/// The names below a dotted path.
fn below(definitions: &dyn Definitions, path: &str, methods: bool) -> Vec<Candidate> {
    let named = |name: &str, what| Candidate { name: name.to_owned(), what };
    let parts: Vec<&str> = path.split('.').filter(|p| !p.is_empty()).collect();
    match parts.as_slice() {
        [] => definitions.providers().iter().map(|p| named(&p.name, "provider")).collect(),
        [provider] => definitions
            .provider(provider)
            .map_or_else(|_| Vec::new(), |p| p.services.iter().map(|s| named(&s.name, "service")).collect()),
        [provider, service] => definitions.service(provider, service).map_or_else(
            |_| Vec::new(),
            |s| s.resources.iter().filter(|r| !r.page_only).map(|r| named(&r.name, "table")).collect(),
        ),
        [provider, service, resource] if methods => definitions
            .resource(provider, service, resource)
            .map_or_else(|_| Vec::new(), |r| r.methods.iter().map(|m| named(&m.name, "method")).collect()),
        _ => Vec::new(),
    }
}

/// Columns and parameters of the tables in the statement, required ones first, followed by keywords.
fn values(definitions: &dyn Definitions, statement: &str, words: &[String]) -> Vec<Candidate> {
    let filters = words.iter().any(|w| matches!(w.as_str(), "WHERE" | "ON"));
    let mut candidates: Vec<Candidate> = Vec::new();
    for table in statement.split(|c| !is_name(c)).filter(|w| w.matches('.').count() >= 2) {
        let mut parts = table.splitn(4, '.');
        let (Some(provider), Some(service), Some(resource)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let Ok(found) = definitions.resource(provider, service, resource) else { continue };
        match parts.next() {
            Some(method) => candidates.extend(arguments(&found, method)),
            None => {
                let scope = definitions.service(provider, service).ok().and_then(|s| s.endpoints.scope.clone());
                candidates.extend(columns(&found, verb(words), filters, scope));
            }
        }
    }
    let keywords = KEYWORDS.iter().map(|k| Candidate { name: (*k).to_owned(), what: "keyword" });
    candidates.extend(keywords);
    let mut seen = std::collections::HashSet::new();
    candidates.retain(|c| seen.insert(c.name.clone()));
    candidates
}

fn verb(words: &[String]) -> Verb {
    match words.first().map_or("", String::as_str) {
        "INSERT" => Verb::Insert,
        "DELETE" => Verb::Delete,
        "UPDATE" => Verb::Update,
        _ => Verb::Select,
    }
}

/// The names of a table that a statement of this verb may use: required parameters, scope, and then the others.
fn columns(resource: &Resource, verb: Verb, filters: bool, scope: Option<String>) -> Vec<Candidate> {
    let parameter = |name: &str, what| Candidate { name: name.to_owned(), what };
    let mut candidates = Vec::new();
    if filters || verb == Verb::Insert {
        for method in resource.methods_of(verb) {
            candidates.extend(method.required().into_iter().map(|p| parameter(p, "required")));
        }
    }
    candidates.extend(scope.map(|name| Candidate { name, what: "scope" }));
    if verb == Verb::Select {
        candidates.extend(resource.columns.iter().map(|c| parameter(&c.name, "column")));
    } else {
        let optional = resource.methods_of(verb).flat_map(|m| m.parameters.iter().filter(|p| !p.required));
        candidates.extend(optional.map(|p| parameter(&p.name, "parameter")));
    }
    candidates
}

/// The arguments of a method for EXEC, required ones first.
fn arguments(resource: &Resource, method: &str) -> Vec<Candidate> {
    let Some(method) = resource.method(method) else { return Vec::new() };
    let mut parameters: Vec<_> = method.parameters.iter().collect();
    parameters.sort_by_key(|p| !p.required);
    let what = |required| if required { "required" } else { "parameter" };
    parameters.iter().map(|p| Candidate { name: format!("@{}", p.name), what: what(p.required) }).collect()
}

#[cfg(test)]
mod tests;
