//! Access path selection: chooses the method that reads a resource, and the bindings of its calls. Pure: it sends nothing.
//!
//! Input is a [`ResourceTable`] and the predicates of a scan, output an [`AccessPath`]. Scans, bind joins and EXPLAIN use it.

use std::collections::HashSet;

use serde_json::{Value as Json, json};
use stackql_call::{BindError, Bindings, RowProjection, Value};
use stackql_provider::{BodyStyle, Location, Method, PredicateEncoding, Resource, Service, Type, Verb};

use crate::access::example;
use crate::call::scope::ALL_MEMBERS;
use crate::error::Error;
use crate::predicate::values::{Predicate, text};
use crate::table::columns::{names_column, spelled};
use crate::table::resource_table::{ResourceTable, is_filterable, select_methods};

/// The access path of a scan: the chosen method, and the bindings of its calls.
#[derive(Debug)]
pub(crate) struct AccessPath<'a> {
    pub(crate) method: &'a Method,
    /// The bindings, one set per call.
    pub(crate) rows: Vec<Bindings>,
    /// The calls are point lookups or name values of a list; "not found" then means zero rows.
    pub(crate) not_found_is_empty: bool,
}

/// The maximum number of calls to which the value lists of one statement may multiply.
const MAX_ROWS: usize = 100_000;

/// Chooses the access path of `table` for `predicates`, where bind joins supply a value for each of the columns `fed`.
///
/// Such a column has one value per key row, so it gets one empty text here: [`AccessPath::rows`] has the shape of the bindings
/// of any key row.
///
/// # Errors
///
/// No SELECT method can be called with these columns, or the value lists multiply to more than [`MAX_ROWS`] calls.
pub(crate) fn choose_access_path<'a>(
    table: &'a ResourceTable,
    predicates: &[Predicate],
    fed: &[String],
) -> Result<AccessPath<'a>, Error> {
    let method = choose_method(table, predicates, fed)?;
    let any = |column: &String| Predicate { column: column.clone(), values: vec![Value::Text(String::new())] };
    let all: Vec<Predicate> = predicates.iter().cloned().chain(fed.iter().map(any)).collect();
    bindings(table, method, &all)
}

/// Chooses the SELECT method whose required parameters are all bound by `predicates` or by the columns `fed`; of several, the
/// one that requires most parameters.
///
/// # Errors
///
/// No SELECT method can be called with these columns.
pub(crate) fn choose_method<'a>(
    table: &'a ResourceTable,
    predicates: &[Predicate],
    fed: &[String],
) -> Result<&'a Method, Error> {
    let bound: Vec<&str> = predicates.iter().map(|p| p.column.as_str()).chain(fed.iter().map(String::as_str)).collect();
    choose_among(table, &bound, &[])
}

/// Chooses the SELECT method whose required parameters are all among the columns `bound` and `offered`; of several, the one
/// that requires most parameters.
///
/// The method has to accept every bound parameter column. An offered column that it does not accept remains a filter on rows.
///
/// # Errors
///
/// No SELECT method can be called: [`Error::Incomplete`] names the parameters that the nearest method is missing,
/// [`Error::NoMethod`] is returned if no method accepts the bound columns together.
pub(crate) fn choose_among<'a>(
    table: &'a ResourceTable,
    bound: &[&str],
    offered: &[&str],
) -> Result<&'a Method, Error> {
    // A predicate on a field of the rows binds no parameter.
    let bound: Vec<&str> = bound.iter().copied().filter(|c| table.columns.is_parameter(c)).collect();
    let name = table.name();
    match rank(table, &bound, offered)? {
        Ranked { best: Some(method), .. } => Ok(method),
        Ranked { best: None, nearest: Some((method, missing)) } => {
            // The view that reads the table may require the statement to supply some of them; its error then takes precedence.
            if let Some(error) = table.view_defaults.as_ref().and_then(|presets| presets.lacking(&missing)) {
                return Err(error);
            }
            let example = example::by_verb(&name, &table.resource, method);
            Err(Error::Incomplete {
                source: BindError::Missing { table: name, method: method.name.clone(), missing },
                verb: Verb::Select,
                example,
            })
        }
        Ranked { best: None, nearest: None } => {
            let asked: Vec<&str> = bound.iter().map(|column| spelled(column)).collect();
            Err(Error::NoMethod {
                reason: format!("no method that answers SELECT takes {} together", asked.join(", ")),
                verb: Verb::Select,
                hint: format!("SHOW METHODS IN {name} lists which takes what"),
                table: name,
            })
        }
    }
}

/// The method that is missing the fewest required parameters, where no method can be called.
pub(crate) fn nearest<'a>(table: &'a ResourceTable, bound: &[&str], offered: &[&str]) -> Option<&'a Method> {
    let bound: Vec<&str> = bound.iter().copied().filter(|c| table.columns.is_parameter(c)).collect();
    rank(table, &bound, offered).ok()?.nearest.map(|(method, _)| method)
}

/// The SELECT methods of a table, ranked by the columns that are bound.
struct Ranked<'a> {
    /// Of the methods that can be called, the one that requires most parameters.
    best: Option<&'a Method>,
    /// Of the methods that cannot be called, the one that is missing the fewest parameters, and their names.
    nearest: Option<(&'a Method, Vec<String>)>,
}

fn rank<'a>(table: &'a ResourceTable, bound: &[&str], offered: &[&str]) -> Result<Ranked<'a>, Error> {
    let name = table.name();
    let mut missing: Option<(&Method, Vec<String>)> = None;
    let mut best: Option<&Method> = None;
    let is_meant = |method: &&Method| table.fixed_method.as_ref().is_none_or(|pinned| *pinned == method.name);
    for method in select_methods(&name, &table.resource)?.into_iter().filter(is_meant) {
        let is_bound = |name: &str| {
            method.parameter(name).is_some_and(|p| bound.iter().chain(offered).any(|c| names_column(p, c)))
        };
        let lacks: Vec<String> =
            method.caller_required().into_iter().filter(|n| !is_bound(n)).map(str::to_owned).collect();
        if bound.iter().any(|c| !accepts_column(&table.service, method, c)) {
            continue;
        }
        if lacks.is_empty() {
            if best.is_none_or(|b| b.caller_required().len() < method.caller_required().len()) {
                best = Some(method);
            }
        } else if missing.as_ref().is_none_or(|(_, m)| lacks.len() < m.len()) {
            missing = Some((method, lacks));
        }
    }
    Ok(Ranked { best, nearest: missing })
}

/// Whether a parameter column is the scope or a parameter of `method`. A column that only other methods have is NULL in the
/// rows of this one, so a predicate on it would drop all rows.
fn accepts_column(service: &Service, method: &Method, column: &str) -> bool {
    service.endpoints.scope.as_deref() == Some(spelled(column))
        || method.parameters.iter().any(|p| names_column(p, column))
}

/// How a predicate is sent with a call.
#[derive(Debug)]
pub(crate) enum PredicateTarget<'a> {
    /// As a required parameter or the scope: one call per value.
    Required {
        name: &'a str,
        /// The method is a point lookup: it returns one object by name.
        is_point_lookup: bool,
    },
    /// As an element of a list of filters; `maximum` is the number of values that one element takes.
    Filter { parameter: &'a str, name: &'a str, maximum: usize },
    /// As a parameter that takes a list.
    List { parameter: &'a str },
    /// As a parameter that takes one value: one call per value.
    Value { parameter: &'a str },
}

/// How `predicate` is sent with a call of `method`; `None` where it is only applied to the rows locally.
pub(crate) fn predicate_target<'a>(
    table: &'a ResourceTable,
    method: &'a Method,
    predicate: &'a Predicate,
) -> Option<PredicateTarget<'a>> {
    let (service, resource) = (&table.service, &table.resource);
    if table.columns.is_parameter(&predicate.column) {
        let column = spelled(&predicate.column);
        let is_scope = service.endpoints.scope.as_deref() == Some(column);
        let parameter = method.parameters.iter().find(|p| names_column(p, column));
        if is_scope || parameter.is_some_and(|p| p.required) {
            let name = parameter.map_or(column, |p| p.name.as_str());
            return Some(PredicateTarget::Required { name, is_point_lookup: !is_scope && asks_for_one(method) });
        }
        return parameter.map(|p| PredicateTarget::Value { parameter: &p.name });
    }
    let narrowing = method
        .predicate_pushdowns
        .iter()
        .find(|n| n.column == predicate.column && is_comparable_as_text(resource, predicate))?;
    Some(match &narrowing.encoding {
        PredicateEncoding::Filter { parameter, name, maximum } => {
            PredicateTarget::Filter { parameter, name, maximum: (*maximum as usize).max(1) }
        }
        PredicateEncoding::List { parameter } => PredicateTarget::List { parameter },
        PredicateEncoding::Value { parameter } => PredicateTarget::Value { parameter },
    })
}

/// The bindings of the calls of `method` that read the rows for which `predicates` hold.
///
/// # Errors
///
/// The value lists multiply to more than [`MAX_ROWS`] calls.
pub(crate) fn bindings<'a>(
    table: &'a ResourceTable,
    method: &'a Method,
    predicates: &[Predicate],
) -> Result<AccessPath<'a>, Error> {
    let resource = &table.resource;
    let mut rows = vec![Bindings::new()];
    // For each predicate sent as a filter element: the parameter and the elements, several if one does not take all the values.
    let mut filters: Vec<(&str, Vec<Json>)> = Vec::new();
    let mut absent_is_empty = false;
    for predicate in predicates {
        match predicate_target(table, method, predicate) {
            Some(PredicateTarget::Required { name, is_point_lookup: asks_for_one }) => {
                absent_is_empty |= asks_for_one;
                rows = cross_bindings(rows, name, &predicate.values)?;
            }
            Some(PredicateTarget::Filter { parameter, name, maximum }) => {
                let filter = |values| filter(resource, method, parameter, name, values);
                let Some(parts) = predicate.values.chunks(maximum).map(filter).collect::<Option<Vec<_>>>() else {
                    continue;
                };
                // Values that differ only in case could match the same row in two calls, which would return it twice.
                if parts.len() == 1 || are_distinct(&predicate.values) {
                    filters.push((parameter, parts));
                }
            }
            Some(PredicateTarget::List { parameter }) => {
                absent_is_empty = true;
                // One unknown value makes the call of the whole list fail, so each value is sent in a call of its own.
                let alone = |value| Value::Json(json!([value]));
                let each: Vec<Value> = predicate.values.iter().filter_map(text).map(alone).collect();
                rows = cross_bindings(rows, parameter, &each)?;
            }
            Some(PredicateTarget::Value { parameter }) => rows = cross_bindings(rows, parameter, &predicate.values)?,
            None => {}
        }
    }
    for (parameter, parts) in filters {
        let count = rows.len().saturating_mul(parts.len());
        if count > MAX_ROWS {
            return Err(too_many(count));
        }
        rows = rows.iter().flat_map(|row| parts.iter().map(|filter| with_filter(row, parameter, filter))).collect();
    }
    Ok(AccessPath { method, rows, not_found_is_empty: absent_is_empty })
}

/// A copy of the bindings with one more element in a list of filters.
fn with_filter(row: &Bindings, parameter: &str, filter: &Json) -> Bindings {
    let mut row = row.clone();
    let bound = row.entry(parameter.to_owned()).or_insert_with(|| Value::Json(json!([])));
    // Elements that the statement itself binds come first. If its text is not a JSON array, it is sent alone.
    if let Value::Text(text) = bound
        && let Ok(own @ Json::Array(_)) = serde_json::from_str(text)
    {
        *bound = Value::Json(own);
    }
    if let Value::Json(Json::Array(list)) = bound {
        list.push(filter.clone());
    }
    row
}

/// Whether the values are pairwise distinct when case is ignored.
fn are_distinct(values: &[Value]) -> bool {
    let folded: HashSet<Option<String>> = values.iter().map(|v| text(v).map(|t| t.to_lowercase())).collect();
    folded.len() == values.len()
}

/// Whether a method is a point lookup, which returns one object: the last segment of its path is a placeholder, or its path has
/// no placeholder and its parameters are in a form body.
///
/// A list is none: if the object that contains the listed ones does not exist, "not found" must not be read as an empty list.
pub(crate) fn asks_for_one(method: &Method) -> bool {
    let whole = method.request.path.as_str();
    let (path, rest) = whole.split_once('?').unwrap_or((whole, ""));
    let is_in = method.paging.is_some() || !rest.is_empty() || matches!(method.request.body, BodyStyle::Form(_));
    if (method.response.is_list && is_in) || lists(&method.operation) {
        return false;
    }
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last.contains('{') || (!path.contains('{') && matches!(method.request.body, BodyStyle::Form(_)))
}

/// Whether the name of an operation says that it lists: `ListThings`, `GET_ListThings`, `things/list-all`.
fn lists(operation: &str) -> bool {
    const VERBS: [&str; 2] = ["get", "post"];
    let name = operation.rsplit('/').next().unwrap_or_default().to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !VERBS.contains(word));
    words.next().is_some_and(|word| word.starts_with("list"))
}

/// Whether an error code names a parent of the object that `method` looks up, by the name of a path or server parameter, such
/// as `NoSuchFolder` for `/{folder}/{file}`. The error then says nothing about the object itself.
pub(crate) fn is_of_a_parent(method: &Method, code: &str) -> bool {
    let named = code.strip_prefix("NoSuch").or_else(|| code.strip_suffix("NotFound")).unwrap_or_default();
    let path = method.request.path.split('?').next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let parents = method.parameters.iter().filter(|p| matches!(p.location, Location::Path | Location::Server));
    let mut parents = parents.filter(|p| !last.contains(&format!("{{{}}}", p.wire)));
    parents.any(|p| p.wire.eq_ignore_ascii_case(named))
}

/// The cross product of `rows` and the values of one parameter. A pair whose value contradicts the bound one is dropped; the
/// scope wildcard contradicts no value.
fn cross_bindings(rows: Vec<Bindings>, name: &str, values: &[Value]) -> Result<Vec<Bindings>, Error> {
    let count = rows.len().saturating_mul(values.len());
    if count > MAX_ROWS {
        return Err(too_many(count));
    }
    let everywhere = Value::Text(ALL_MEMBERS.to_owned());
    let one = |row: &Bindings, value: &Value| {
        let mut row = row.clone();
        match row.get(name) {
            Some(bound) if bound == value || *value == everywhere => return Some(row),
            Some(bound) if *bound != everywhere => return None,
            _ => row.insert(name.to_owned(), value.clone()),
        };
        Some(row)
    };
    Ok(rows.iter().flat_map(|row| values.iter().filter_map(|v| one(row, v)).collect::<Vec<_>>()).collect())
}

fn too_many(count: usize) -> Error {
    let message =
        format!("the lists in WHERE make {count} calls, and {MAX_ROWS} is as many as a scan makes; narrow them");
    Error::invalid(message)
}

/// Whether the provider can compare the predicate's values as text with the column.
fn is_comparable_as_text(resource: &Resource, predicate: &Predicate) -> bool {
    let column = resource.columns.iter().find(|c| c.name == predicate.column);
    let data_type = column.map(|c| RowProjection::field(&resource.types, c).data_type().clone());
    data_type.is_some_and(|t| is_filterable(&t))
        // The provider may read these characters as wildcards, and return further rows.
        && predicate.values.iter().all(|v| text(v).is_some_and(|t| !t.contains(['\\', '*', '?'])))
}

/// The element `{name, values}` of a list of filters, with the member names of the parameter's type.
fn filter(resource: &Resource, method: &Method, parameter: &str, name: &str, values: &[Value]) -> Option<Json> {
    let Type::List { item, .. } = resource.types.get(method.parameter(parameter)?.ty) else { return None };
    let Type::Structure { members } = resource.types.get(*item) else { return None };
    let text_member = members.iter().find(|m| *resource.types.get(m.ty) == Type::String)?;
    let list_member = members.iter().find(|m| matches!(resource.types.get(m.ty), Type::List { .. }))?;
    let values: Vec<Json> = values.iter().filter_map(text).map(Json::String).collect();
    Some(json!({ text_member.name.clone(): name, list_member.name.clone(): values }))
}

#[cfg(test)]
mod tests;
