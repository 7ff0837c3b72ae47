//! Clauses of a SELECT that travel with a request: `queryParamPushdown`. Owns what a document may leave out.

use stackql_provider::{Clause, ClausePushdown, CountRequest, Location, Parameter, RowLimit, Types};

use super::config::Config;
use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::operation::text;

/// The dialect whose clauses are written here.
const ODATA: &str = "odata";
/// A parameter of the API's own that takes a bare number or list.
const CUSTOM: &str = "custom";
const COUNT: &str = "@odata.count";

/// What the configuration says that a method's requests can take. Parameters that its operation does not list are added.
pub(super) fn compile(
    config: &Config<'_>,
    parameters: &mut Vec<Parameter>,
    types: &mut Types,
    problems: &mut Vec<Diagnostic>,
) -> Option<ClausePushdown> {
    let at = config.get("queryParamPushdown")?;
    let mut part = |key: &str, usual: &str, is_bare: bool| {
        let at = at.get(key)?;
        if let Err(problem) = readable(at, is_bare) {
            problems.push(problem);
            return None;
        }
        let name = at.text("paramName").unwrap_or(usual);
        let known = parameters.iter().find(|p| p.location == Location::Query && p.wire == name);
        let parameter = match known {
            Some(known) => known.name.clone(),
            // What is no dialect's is only known to the operations that list it.
            None if !is_of_dialect(at) => return None,
            None => {
                parameters.push(Parameter { implied: true, ..text(name, Location::Query, types) });
                name.to_owned()
            }
        };
        Some((at, parameter))
    };
    let clause = |(at, parameter)| Clause { parameter, columns: columns(at), operators: operators(at) };
    let bound = |(at, parameter): (NodeRef<'_>, String)| RowLimit {
        parameter,
        maximum: at.text("maxValue").and_then(|most| most.parse().ok()),
        per_page: !is_of_dialect(at),
    };
    let count = |(at, parameter): (NodeRef<'_>, String)| CountRequest {
        parameter,
        value: at.text("paramValue").unwrap_or("true").to_owned(),
        // A name with a dot in it is one step.
        response_path: vec![at.text("responseKey").unwrap_or(COUNT).trim_start_matches("$.").to_owned()],
    };
    let pushdown = ClausePushdown {
        select: part("select", "$select", true).map(clause),
        filter: part("filter", "$filter", false).map(clause),
        order: part("orderBy", "$orderby", false).map(clause),
        top: part("top", "$top", true).map(bound),
        skip: part("skip", "$skip", true).map(bound),
        count: part("count", "$count", true).map(count),
    };
    (pushdown != ClausePushdown::default()).then_some(pushdown)
}

/// Whether the text of a part is known. `is_bare`: it is the same in every dialect.
fn readable(at: NodeRef<'_>, is_bare: bool) -> Result<(), Diagnostic> {
    for key in ["dialect", "syntax"] {
        match at.text(key) {
            None | Some(ODATA) => {}
            Some(CUSTOM) if is_bare => {}
            Some(other) => {
                let what =
                    format!("queryParamPushdown: the {key} '{other}' is not known, so nothing is pushed down by it");
                return Err(Diagnostic::new(at.place(), &what, "write odata"));
            }
        }
    }
    Ok(())
}

/// Whether the parameter is one that a dialect defines, whatever an operation lists.
fn is_of_dialect(at: NodeRef<'_>) -> bool {
    match at.text("dialect") {
        Some(dialect) => dialect == ODATA,
        None => at.text("paramName").is_none_or(|name| name.starts_with('$')),
    }
}

fn columns(at: NodeRef<'_>) -> Option<Vec<String>> {
    list(at, "supportedColumns").filter(|columns| !columns.iter().any(|column| column == "*"))
}

fn operators(at: NodeRef<'_>) -> Option<Vec<String>> {
    list(at, "supportedOperators")
}

fn list(at: NodeRef<'_>, key: &str) -> Option<Vec<String>> {
    Some(at.get(key)?.items().filter_map(NodeRef::scalar).map(str::to_owned).collect())
}
