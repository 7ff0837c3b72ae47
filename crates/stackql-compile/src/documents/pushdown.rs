//! Compiles clause pushdown, `queryParamPushdown`: the SELECT clauses that are sent with a request. Owns its defaults.

use stackql_provider::{Clause, ClausePushdown, CountRequest, Location, Parameter, RowLimit, Types};

use super::config::Config;
use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::operation::text;

/// The supported dialect.
const ODATA: &str = "odata";
/// A parameter specific to the API, which takes a bare number or list.
const CUSTOM: &str = "custom";
const COUNT: &str = "@odata.count";

/// The clauses that a method's requests accept. Parameters that its operation does not list are added.
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
            // Parameters outside a dialect only exist in operations that list them.
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
        // A dot in the name does not separate steps.
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

/// Checks that the syntax of a clause is supported. `is_bare`: the value is written the same in every dialect.
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

/// Whether the parameter is defined by a dialect, so that operations need not list it.
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
