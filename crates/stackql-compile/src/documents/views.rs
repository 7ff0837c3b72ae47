//! Compiles the views of a resource: a chain of alternatives, each with the condition under which it applies. Their
//! SELECTs are parsed when a statement uses them.

use stackql_provider::{Dialect, View};

use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;

/// Maximum length of the chain.
const MOST: usize = 16;

/// The views for SELECTs of a resource. A view with an error is omitted and reported.
pub(super) fn of_resource(resource: NodeRef<'_>, problems: &mut Vec<Diagnostic>) -> Vec<View> {
    let first = resource.get("config").and_then(|c| c.get("views")).and_then(|v| v.get("select"));
    let chain = std::iter::successors(first, |view| view.get("fallback"));
    let mut views = Vec::new();
    for at in chain.take(MOST) {
        match view(at) {
            Ok(view) => views.push(view),
            Err(problem) => problems.push(problem),
        }
    }
    views
}

fn view(at: NodeRef<'_>) -> Result<View, Diagnostic> {
    let body = at.text("ddl").unwrap_or_default().trim().trim_end_matches(';').trim_end();
    if body.is_empty() {
        return Err(Diagnostic::new(at.place(), "the view has no SELECT", "give one under ddl"));
    }
    let mut view = View { body: body.to_owned(), ..View::default() };
    let predicate = at.text("predicate").unwrap_or_default();
    for part in predicate.split("&&").map(str::trim).filter(|part| !part.is_empty()) {
        add(&mut view, part).ok_or_else(|| {
            let what = format!("the view's predicate has a part that means nothing: {part}");
            let advice = "write sqlDialect == \"sqlite3\" (or \"postgres\") and requiredParams == [ a, b ]";
            Diagnostic::new(at.place(), &what, advice)
        })?;
    }
    Ok(view)
}

/// Adds one comparison of a predicate to the view.
fn add(view: &mut View, part: &str) -> Option<()> {
    let unquoted = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let (name, value) = part.split_once("==")?;
    match (name.trim(), value.trim()) {
        ("sqlDialect", dialect) => {
            view.dialect = Some(match unquoted(dialect).as_str() {
                "sqlite3" => Dialect::Sqlite,
                "postgres" => Dialect::Postgres,
                _ => return None,
            });
        }
        ("requiredParams", list) => {
            let names = list.strip_prefix('[')?.strip_suffix(']')?;
            view.required = names.split(',').map(unquoted).filter(|name| !name.is_empty()).collect();
        }
        _ => return None,
    }
    Some(())
}
