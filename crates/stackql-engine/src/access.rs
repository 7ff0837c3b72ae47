//! Chooses how a resource is read: which method, with which bindings. Pure.

use serde_json::{Value as Json, json};
use stackql_call::{BindError, Bindings, RowPlan, Value};
use stackql_provider::{BodyStyle, Location, Method, NarrowingVia, Resource, Service, Type};

use crate::error::Error;
use crate::example;
use crate::predicate::{Predicate, text};
use crate::scope::ALL;
use crate::shape::same;
use crate::table::{ResourceTable, is_filterable, select_methods};

/// How a resource is read.
#[derive(Debug)]
pub(crate) struct Access<'a> {
    pub(crate) method: &'a Method,
    /// One set of bindings a call.
    pub(crate) rows: Vec<Bindings>,
    /// The calls ask for certain things by name; one that is not there is zero rows.
    pub(crate) absent_is_empty: bool,
}

/// The most calls that the lists of one statement may multiply to.
const MAX_ROWS: usize = 10_000;

/// How `table` is read where `predicates` hold, and a value is known for each of the columns `fed`. What is fed comes
/// as one value a row of keys, so the bindings are those of any such row: [`Access::rows`] stands for them all.
pub(crate) fn access<'a>(
    table: &'a ResourceTable,
    predicates: &[Predicate],
    fed: &[String],
) -> Result<Access<'a>, Error> {
    let method = choose(table, predicates, fed)?;
    let any = |column: &String| Predicate { column: column.clone(), values: vec![Value::Text(String::new())] };
    let all: Vec<Predicate> = predicates.iter().cloned().chain(fed.iter().map(any)).collect();
    bindings(table, method, &all)
}

/// The method whose required parameters are all bound by `predicates` or `fed`; of several the one that asks for most.
pub(crate) fn choose<'a>(
    table: &'a ResourceTable,
    predicates: &[Predicate],
    fed: &[String],
) -> Result<&'a Method, Error> {
    let name = table.name();
    let bound: Vec<&String> = predicates.iter().map(|p| &p.column).chain(fed).collect();
    let mut missing: Option<(&Method, Vec<String>)> = None;
    let mut best: Option<&Method> = None;
    for method in select_methods(&name, &table.resource)? {
        let is_bound = |name: &str| method.parameter(name).is_some_and(|p| bound.iter().any(|c| same(p, c)));
        let lacks: Vec<String> = method.owed().into_iter().filter(|n| !is_bound(n)).map(str::to_owned).collect();
        if bound.iter().any(|c| !knows(&table.service, &table.resource, method, c)) {
            continue;
        }
        if lacks.is_empty() {
            if best.is_none_or(|b| b.owed().len() < method.owed().len()) {
                best = Some(method);
            }
        } else if missing.as_ref().is_none_or(|(_, m)| lacks.len() < m.len()) {
            missing = Some((method, lacks));
        }
    }
    match (best, missing) {
        (Some(method), _) => Ok(method),
        (None, Some((method, missing))) => {
            let example = example::by_verb(&name, &table.resource, method);
            Err(Error::Incomplete {
                source: BindError::Missing { table: name, method: method.name.clone(), missing },
                example,
            })
        }
        (None, None) => {
            let asked: Vec<&str> = bound.iter().filter(|c| !is_field(&table.resource, c)).map(|c| c.as_str()).collect();
            Err(Error::Statement {
                message: format!("{name}: no method that answers SELECT takes {} together", asked.join(", ")),
                hint: Some(format!("SHOW METHODS IN {name} lists which takes what")),
            })
        }
    }
}

/// Whether the rows have a field of this name.
fn is_field(resource: &Resource, column: &str) -> bool {
    resource.columns.iter().any(|c| c.name == column)
}

/// Whether a predicate on `column` means something to `method`: what is a parameter of other methods alone is a column
/// without values in its rows, and no row would be left.
fn knows(service: &Service, resource: &Resource, method: &Method, column: &str) -> bool {
    let is_scope = service.endpoints.scope.as_deref() == Some(column);
    is_scope
        || column == RowPlan::EXTRA
        || is_field(resource, column)
        || method.parameters.iter().any(|p| same(p, column))
}

/// The bindings with which `method` is called so that `predicates` hold.
pub(crate) fn bindings<'a>(
    table: &'a ResourceTable,
    method: &'a Method,
    predicates: &[Predicate],
) -> Result<Access<'a>, Error> {
    let (service, resource) = (&table.service, &table.resource);
    let mut rows = vec![Bindings::new()];
    let mut filters: Vec<(&str, Json)> = Vec::new();
    let mut absent_is_empty = false;
    for predicate in predicates {
        let is_scope = service.endpoints.scope.as_ref() == Some(&predicate.column);
        let parameter = method.parameters.iter().find(|p| same(p, &predicate.column));
        if is_scope || parameter.is_some_and(|p| p.required) {
            let name = parameter.map_or(predicate.column.as_str(), |p| p.name.as_str());
            absent_is_empty |= !is_scope && asks_for_one(method);
            rows = multiply(rows, name, &predicate.values)?;
            continue;
        }
        let narrowing = method.narrowings.iter().find(|n| n.column == predicate.column && fits(resource, predicate));
        match (narrowing.map(|n| &n.via), parameter) {
            (Some(NarrowingVia::Filter { parameter, name, maximum }), _)
                if predicate.values.len() <= *maximum as usize =>
            {
                let Some(filter) = filter(resource, method, parameter, name, &predicate.values) else { continue };
                filters.push((parameter, filter));
            }
            (Some(NarrowingVia::List { parameter }), _) => {
                let values = predicate.values.iter().filter_map(text).map(Json::String).collect();
                absent_is_empty = true;
                // One unknown value is an error for the whole list, so each travels alone.
                let values: Vec<Json> = values;
                let each: Vec<Value> = values.into_iter().map(|v| Value::Json(json!([v]))).collect();
                rows = multiply(rows, parameter, &each)?;
            }
            (Some(NarrowingVia::Value { parameter }), _) => {
                rows = multiply(rows, parameter, &predicate.values)?;
            }
            // A parameter in the address may change what the rows are, such as which states a list has.
            (_, Some(parameter)) if parameter.location != Location::Body || !is_field(resource, &predicate.column) => {
                rows = multiply(rows, &parameter.name, &predicate.values)?;
            }
            _ => {}
        }
    }
    for row in &mut rows {
        for (parameter, filter) in &filters {
            let bound = row.entry((*parameter).to_owned()).or_insert_with(|| Value::Json(json!([])));
            // The statement's own filters come first; where they are no list, they stand alone.
            if let Value::Text(text) = bound
                && let Ok(own @ Json::Array(_)) = serde_json::from_str(text)
            {
                *bound = Value::Json(own);
            }
            if let Value::Json(Json::Array(list)) = bound {
                list.push(filter.clone());
            }
        }
    }
    Ok(Access { method, rows, absent_is_empty })
}

/// Whether a method asks for one thing: its address ends with what is bound, or all that is bound is in a form.
fn asks_for_one(method: &Method) -> bool {
    let path = method.request.path.split('?').next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last.contains('{') || (!path.contains('{') && matches!(method.request.body, BodyStyle::Form(_)))
}

/// A set of bindings for each of `rows` with each of the values; none for what contradicts what is bound already.
fn multiply(rows: Vec<Bindings>, name: &str, values: &[Value]) -> Result<Vec<Bindings>, Error> {
    if rows.len().saturating_mul(values.len()) > MAX_ROWS {
        return Err(Error::statement(format!("the lists in WHERE make more than {MAX_ROWS} calls; narrow them")));
    }
    let everywhere = Value::Text(ALL.to_owned());
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

/// Whether the predicate's values can be compared by the provider as the column's text.
fn fits(resource: &Resource, predicate: &Predicate) -> bool {
    let column = resource.columns.iter().find(|c| c.name == predicate.column);
    let data_type = column.map(|c| RowPlan::field(&resource.types, c).data_type().clone());
    data_type.is_some_and(|t| is_filterable(&t))
        && predicate.values.iter().all(|v| text(v).is_some_and(|t| !t.contains('\\')))
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
