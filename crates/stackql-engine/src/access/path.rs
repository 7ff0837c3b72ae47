//! Chooses how a resource is read: which method, with which bindings. Pure.

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

/// How a resource is read.
#[derive(Debug)]
pub(crate) struct AccessPath<'a> {
    pub(crate) method: &'a Method,
    /// One set of bindings a call.
    pub(crate) rows: Vec<Bindings>,
    /// The calls ask for certain things by name; one that is not there is zero rows.
    pub(crate) not_found_is_empty: bool,
}

/// The most calls that the lists of one statement may multiply to.
const MAX_ROWS: usize = 100_000;

/// How `table` is read where `predicates` hold, and a value is known for each of the columns `fed`. What is fed comes
/// as one value a row of keys, so the bindings are those of any such row: [`AccessPath::rows`] stands for them all.
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

/// The method whose required parameters are all bound by `predicates` or `fed`; of several the one that asks for most.
pub(crate) fn choose_method<'a>(
    table: &'a ResourceTable,
    predicates: &[Predicate],
    fed: &[String],
) -> Result<&'a Method, Error> {
    let bound: Vec<&str> = predicates.iter().map(|p| p.column.as_str()).chain(fed.iter().map(String::as_str)).collect();
    choose_among(table, &bound, &[])
}

/// The method whose required parameters are all among the columns `bound` and `offered`; of several the one that requires
/// most. It has to know what is bound; what is offered and it does not take stays a filter on rows.
pub(crate) fn choose_among<'a>(
    table: &'a ResourceTable,
    bound: &[&str],
    offered: &[&str],
) -> Result<&'a Method, Error> {
    // A condition on a field of rows binds nothing.
    let bound: Vec<&str> = bound.iter().copied().filter(|c| table.columns.is_parameter(c)).collect();
    let name = table.name();
    match rank(table, &bound, offered)? {
        Ranked { best: Some(method), .. } => Ok(method),
        Ranked { best: None, nearest: Some((method, missing)) } => {
            // What reads the table may have left it to the statement.
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

/// The method that lacks the fewest of its required parameters, where none can be called.
pub(crate) fn nearest<'a>(table: &'a ResourceTable, bound: &[&str], offered: &[&str]) -> Option<&'a Method> {
    let bound: Vec<&str> = bound.iter().copied().filter(|c| table.columns.is_parameter(c)).collect();
    rank(table, &bound, offered).ok()?.nearest.map(|(method, _)| method)
}

/// The SELECT methods of a table, by what is bound.
struct Ranked<'a> {
    /// Of those that can be called the one that requires most.
    best: Option<&'a Method>,
    /// Of the others the one that lacks fewest parameters, and which.
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

/// Whether a parameter column means something to `method`: what is a parameter of other methods alone has no value in
/// its rows, and no row would be left.
fn accepts_column(service: &Service, method: &Method, column: &str) -> bool {
    service.endpoints.scope.as_deref() == Some(spelled(column))
        || method.parameters.iter().any(|p| names_column(p, column))
}

/// How a predicate travels with a call.
#[derive(Debug)]
pub(crate) enum PredicateTarget<'a> {
    /// As a parameter without which the method is not called, or the scope: a call a value.
    Required {
        name: &'a str,
        /// The calls ask for one thing by name.
        is_point_lookup: bool,
    },
    /// As an element of a list of filters.
    Filter { parameter: &'a str, name: &'a str, maximum: usize },
    /// As a parameter that takes a list.
    List { parameter: &'a str },
    /// As a parameter that takes one value: a call a value.
    Value { parameter: &'a str },
}

/// How `predicate` travels with a call of `method`, if it does.
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

/// The bindings with which `method` is called so that `predicates` hold.
pub(crate) fn bindings<'a>(
    table: &'a ResourceTable,
    method: &'a Method,
    predicates: &[Predicate],
) -> Result<AccessPath<'a>, Error> {
    let resource = &table.resource;
    let mut rows = vec![Bindings::new()];
    // For each predicate that is a filter: the filter, or several where one does not take all the values.
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
                // A row that two filters let through would be there twice.
                if parts.len() == 1 || are_distinct(&predicate.values) {
                    filters.push((parameter, parts));
                }
            }
            Some(PredicateTarget::List { parameter }) => {
                absent_is_empty = true;
                // One unknown value is an error for the whole list, so each travels alone.
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

/// The bindings with one more element in a list of filters.
fn with_filter(row: &Bindings, parameter: &str, filter: &Json) -> Bindings {
    let mut row = row.clone();
    let bound = row.entry(parameter.to_owned()).or_insert_with(|| Value::Json(json!([])));
    // The statement's own filters come first; where they are no list, they stand alone.
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

/// Whether no value is another's but for letters' case.
fn are_distinct(values: &[Value]) -> bool {
    let folded: HashSet<Option<String>> = values.iter().map(|v| text(v).map(|t| t.to_lowercase())).collect();
    folded.len() == values.len()
}

/// Whether a method asks for one thing: its address ends with what is bound, or all that is bound is in a form. A list is
/// not the thing that it is a list of things in: where that is absent, it is no empty list.
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

/// Whether an operation is called a list: `ListThings`, `GET_ListThings`, `things/list-all`.
fn lists(operation: &str) -> bool {
    const VERBS: [&str; 2] = ["get", "post"];
    let name = operation.rsplit('/').next().unwrap_or_default().to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !VERBS.contains(word));
    words.next().is_some_and(|word| word.starts_with("list"))
}

/// Whether the code of an error names what the thing that `method` asks for is in, by the name of its parameter, such as
/// `NoSuchFolder` of `/{folder}/{file}`: then nothing can be said of the thing itself.
pub(crate) fn is_of_a_parent(method: &Method, code: &str) -> bool {
    let named = code.strip_prefix("NoSuch").or_else(|| code.strip_suffix("NotFound")).unwrap_or_default();
    let path = method.request.path.split('?').next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let parents = method.parameters.iter().filter(|p| matches!(p.location, Location::Path | Location::Server));
    let mut parents = parents.filter(|p| !last.contains(&format!("{{{}}}", p.wire)));
    parents.any(|p| p.wire.eq_ignore_ascii_case(named))
}

/// A set of bindings for each of `rows` with each of the values; none for what contradicts what is bound already.
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

/// Whether the predicate's values can be compared by the provider as the column's text.
fn is_comparable_as_text(resource: &Resource, predicate: &Predicate) -> bool {
    let column = resource.columns.iter().find(|c| c.name == predicate.column);
    let data_type = column.map(|c| RowProjection::field(&resource.types, c).data_type().clone());
    data_type.is_some_and(|t| is_filterable(&t))
        // What stands for other characters to the provider would let more through.
        && predicate.values.iter().all(|v| text(v).is_some_and(|t| !t.contains(['\\', '*', '?'])))
}

/// The element `{name, values}` of a filter list, in the spelling of its shape.
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
