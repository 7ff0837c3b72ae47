//! Planning of changes: INSERT, UPDATE, DELETE, REPLACE and EXEC become rows of parameter bindings and a [`CallExec`] over
//! them.
//!
//! Input is the parts of a parsed statement, output the physical node. Statement execution calls it.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::Result as DfResult;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use stackql_call::{BindError, Bindings, Operation, RowProjection, Value};
use stackql_provider::names::{NameMatch, did_you_mean, match_name, nearest};
use stackql_provider::{LookupError, Method, Parameter, Verb};
use stackql_sql::{Exec, Hints, Literal, ObjectName};

use crate::access::example;
use crate::call::context::Context;
use crate::call::lro::WaitFor;
use crate::call::page_stream::ReadOptions;
use crate::call::scope::ALL_MEMBERS;
use crate::catalog::list::resource_table;
use crate::dml::literal::{Assignment, ColumnRole};
use crate::error::Error;
use crate::physical::binding_rows::leaf;
use crate::physical::call_exec::{CallExec, CallSpec};
use crate::physical::output_mapping::OutputMapping;
use crate::table::resource_table::ResourceTable;

/// The prefix of parameters that are members of the request body.
pub(crate) const OF_BODY: &str = "data__";

/// The resource that a statement changes.
///
/// # Errors
///
/// The name does not denote a resource, or the resource has no method of `verb`.
pub(crate) fn target_table(context: &Arc<Context>, name: &ObjectName, verb: Verb) -> Result<ResourceTable, Error> {
    let [provider, service, resource] = name.0.as_slice() else {
        return Err(Error::InvalidStatement {
            message: match name.0.as_slice() {
                [one] => format!("could not locate table '{one}'"),
                _ => format!("no such table: {name}"),
            },
            hint: Some("tables are named provider.service.resource".into()),
        });
    };
    let table = resource_table(context, provider, service, resource)?;
    if table.resource.methods_of(verb).next().is_none() {
        return Err(no_method(&table.name(), verb));
    }
    Ok(table)
}

fn no_method(table: &str, verb: Verb) -> Error {
    Error::no_method(table, verb, format!("SHOW METHODS IN {table} lists what it has"))
}

/// Chooses the method of `verb` that accepts `columns`; returns it with the parameters that they name, in their order. Of
/// several, it is the one that requires most parameters.
///
/// # Errors
///
/// No method accepts all columns and has its required parameters; the error is that of the nearest method.
pub(crate) fn method<'a>(
    table: &'a ResourceTable,
    verb: Verb,
    columns: &[(&str, ColumnRole)],
) -> Result<(&'a Method, Vec<String>), Error> {
    let name = table.name();
    let methods: Vec<&Method> = table.resource.methods_of(verb).collect();
    let mut best: Option<(&Method, Vec<String>)> = None;
    let mut nearest = (usize::MAX, no_method(&name, verb));
    let mut refuse = |distance: usize, error: Error| {
        if distance < nearest.0 {
            nearest = (distance, error);
        }
    };
    for method in &methods {
        let (mut parameters, mut unknown) = (Vec::new(), Vec::new());
        for (column, named) in columns {
            match parameter(table, method, column, *named) {
                Ok(parameter) => parameters.push(parameter),
                Err(error) => unknown.push(error),
            }
        }
        let strangers = unknown.len();
        if let Some(error) = unknown.into_iter().next() {
            // An unknown column counts more than any number of missing parameters.
            let lacks = method.caller_required().iter().filter(|p| !parameters.iter().any(|given| given == *p)).count();
            refuse(strangers * 100 + lacks, error);
            continue;
        }
        let given: HashSet<&str> = parameters.iter().map(String::as_str).collect();
        let defaults = table.defaults_of(method);
        let missing = method.caller_required().into_iter().filter(|p| !given.contains(p) && !defaults.contains_key(*p));
        let missing: Vec<String> = missing.map(str::to_owned).collect();
        if missing.is_empty() {
            if best.as_ref().is_none_or(|(b, _)| b.caller_required().len() < method.caller_required().len()) {
                best = Some((method, parameters));
            }
            continue;
        }
        let distance = missing.len();
        let source = BindError::Missing { table: name.clone(), method: method.name.clone(), missing };
        let example = example::by_verb(&name, &table.resource, method);
        refuse(distance, Error::Incomplete { source, verb, example });
    }
    best.ok_or(nearest.1)
}

/// The name of the parameter of `method`, or of the scope, that a column names.
///
/// # Errors
///
/// The column names no parameter, or several.
pub(crate) fn parameter(
    table: &ResourceTable,
    method: &Method,
    column: &str,
    named: ColumnRole,
) -> Result<String, Error> {
    let scope = table.service.endpoints.scope.iter().map(|s| (s.as_str(), s.as_str()));
    let is_spelled = |name: &str| name == column || name.strip_prefix(OF_BODY) == Some(column);
    let is_meant = |p: &&Parameter| !p.is_exact || is_spelled(&p.name) || p.aliases.iter().any(|a| is_spelled(a));
    let known = method.parameters.iter().filter(is_meant);
    let own = known.clone().map(|p| (p.name.as_str(), p.name.as_str()));
    let other = known.flat_map(|p| p.aliases.iter().map(|a| (p.name.as_str(), a.as_str())));
    let all = own.clone().chain(other).chain(scope.clone());
    // An assigned body member may be named without the prefix if no other parameter has the name. In a condition such a name is
    // a field of the rows.
    let found = match (match_name(column, all.clone()), column.strip_prefix(OF_BODY)) {
        (NameMatch::None, Some(plain)) => match_name(plain, all),
        (NameMatch::None, None) if named == ColumnRole::Assigned => match_name(&format!("{OF_BODY}{column}"), all),
        (found, _) => found,
    };
    match found {
        NameMatch::One(name) => Ok(name.to_owned()),
        NameMatch::Ambiguous(candidates) => Err(LookupError::Ambiguous { name: column.to_owned(), candidates }.into()),
        NameMatch::None => Err(BindError::Unknown {
            table: table.name(),
            method: method.name.clone(),
            name: column.to_owned(),
            suggestion: nearest(column, own.chain(scope).map(|(n, _)| n)).map(str::to_owned),
        }
        .into()),
    }
}

/// Plans calls of `method`, one per row of `input`, whose columns are the parameters.
///
/// # Errors
///
/// The resource does not have the method.
pub(crate) fn call_node(
    context: &Arc<Context>,
    table: &ResourceTable,
    method: &Method,
    input: Arc<dyn ExecutionPlan>,
    until: WaitFor,
) -> Result<Arc<CallExec>, Error> {
    let (provider, service, resource) =
        (Arc::clone(&table.provider), Arc::clone(&table.service), Arc::clone(&table.resource));
    let operation = Operation::new(provider, service, resource, &method.name)
        .ok_or_else(|| Error::invalid(format!("no method {}", method.name)))?;
    let columns = match until {
        WaitFor::Response => table.resource.row_columns(method),
        WaitFor::Completion | WaitFor::Result => table.resource.result_columns(method),
    };
    let plan = RowProjection::new(&table.resource.types, &columns, false);
    let output = OutputMapping::for_response_and_bindings(&operation, &plan);
    let paging = ReadOptions::default();
    let (context, operation, tally) = (Arc::clone(context), Arc::new(operation), Arc::default());
    let (is_fed, is_one, is_of_rows, clauses) = (false, false, false, table.defaults_of(method));
    let (certain, narrowing, choice, scope_filters) = (0, Vec::new(), None, Vec::new());
    let fetch = CallSpec {
        context,
        operation,
        projection: plan,
        output_mapping: output,
        options: paging,
        wait_for: until,
        tally,
        inner_of_bind_join: is_fed,
        single_call: is_one,
        rows_from_statement: is_of_rows,
        pushed_clauses: clauses,
        exact_filters: certain,
        filter_only_parameters: narrowing,
        explanation: choice,
        scope_filters,
    };
    Ok(Arc::new(CallExec::new(input, Arc::new(fetch))))
}

/// Converts rows of literals to bindings, by position. NULL leaves the parameter unbound.
///
/// # Errors
///
/// A row does not have as many values as there are parameters.
pub(crate) fn bindings_by_position(parameters: &[String], rows: Vec<Vec<Value>>) -> Result<Vec<Bindings>, Error> {
    let bindings = |row: Vec<Value>| match row.len() == parameters.len() {
        true => Ok(parameters.iter().cloned().zip(row).filter(|(_, value)| *value != Value::Null).collect()),
        false => Err(misfit(parameters.len(), row.len())),
    };
    rows.into_iter().map(bindings).collect()
}

fn misfit(columns: usize, values: usize) -> Error {
    Error::invalid(format!("INSERT names {columns} columns and each row has {values} of them"))
}

/// Renames the columns of `input` to parameters, by position.
///
/// # Errors
///
/// The number of columns differs.
pub(crate) fn renamed(input: Arc<dyn ExecutionPlan>, names: &[String]) -> DfResult<Arc<dyn ExecutionPlan>> {
    let schema = input.schema();
    if schema.fields().len() != names.len() {
        return Err(misfit(names.len(), schema.fields().len()).into());
    }
    let mut columns = Vec::with_capacity(names.len());
    for (i, name) in names.iter().enumerate() {
        let column = datafusion::physical_expr::expressions::Column::new(schema.field(i).name(), i);
        columns.push((Arc::new(column) as _, name.clone()));
    }
    Ok(Arc::new(ProjectionExec::try_new(columns, input)?))
}

/// Plans the calls of a method with literal assignments: one call per combination of their values.
///
/// # Errors
///
/// No method accepts the columns, or two of them name the same parameter.
pub(crate) fn plan_assignments(
    context: &Arc<Context>,
    table: &ResourceTable,
    verb: Verb,
    assignments: &[Assignment],
    until: WaitFor,
) -> Result<Arc<CallExec>, Error> {
    let columns: Vec<_> = assignments.iter().map(|a| (a.column.as_str(), a.named)).collect();
    let (method, parameters) = method(table, verb, &columns)?;
    for (at, parameter) in parameters.iter().enumerate() {
        // SET and WHERE may name the same parameter, but the new value cannot identify the object.
        if parameters[..at].contains(parameter) {
            return Err(Error::invalid(format!("{}: {parameter} is given more than once", table.name())));
        }
    }
    let mut rows = vec![Bindings::new()];
    for (parameter, assignment) in parameters.iter().zip(assignments) {
        let all = Value::Text(ALL_MEMBERS.to_owned());
        let is_everywhere = table.is_scope_name(parameter) && assignment.values.contains(&all);
        // The wildcard includes all other values of the list.
        let values = if is_everywhere { std::slice::from_ref(&all) } else { assignment.values.as_slice() };
        let with = |row: &Bindings, value: &Value| {
            let mut row = row.clone();
            row.insert(parameter.clone(), value.clone());
            row
        };
        rows = rows.iter().flat_map(|r| values.iter().map(|v| with(r, v)).collect::<Vec<_>>()).collect();
    }
    let input = leaf(&rows).map_err(|e| Error::invalid(e.to_string()))?;
    call_node(context, table, method, input, until)
}

/// Plans the call of an EXEC; returns its verb, and whether its result is shown.
///
/// # Errors
///
/// See [`plan_method_call`].
pub(crate) fn exec(context: &Arc<Context>, exec: &Exec) -> DfResult<(Arc<CallExec>, Verb, bool)> {
    let arguments = exec.arguments.iter().map(|(name, literal)| (name.clone(), of_literal(literal))).collect();
    let call = MethodCall { method: &exec.method, arguments, json: exec.json.as_deref(), hints: exec.hints };
    let is_shown = |verb| exec.hints.show_results || verb == Verb::Select;
    let (plan, verb) = plan_method_call(context, call, is_shown)?;
    Ok((plan, verb, is_shown(verb)))
}

/// The arguments of a call of a method by its name.
pub(crate) struct MethodCall<'a> {
    pub(crate) method: &'a ObjectName,
    pub(crate) arguments: Vec<(String, Value)>,
    /// The JSON object with the members of the request body.
    pub(crate) json: Option<&'a str>,
    pub(crate) hints: Hints,
}

/// Plans the call of a method by its name, and returns its verb; `is_shown` says whether results of a verb are shown.
///
/// # Errors
///
/// The method or a parameter does not exist, the body is not a JSON object, or required parameters are missing.
pub(crate) fn plan_method_call(
    context: &Arc<Context>,
    calling: MethodCall<'_>,
    is_shown: impl Fn(Verb) -> bool,
) -> DfResult<(Arc<CallExec>, Verb)> {
    let MethodCall { method: full, arguments, json, hints } = calling;
    let [provider, service, resource, name] = full.0.as_slice() else {
        let message = format!("no such method: {full}");
        let hint = Some("methods are named provider.service.resource.method".to_owned());
        return Err(Error::InvalidStatement { message, hint }.into());
    };
    let table = resource_table(context, provider, service, resource)?;
    let names = table.resource.methods.iter().map(|m| (m.name.as_str(), m.name.as_str()));
    let method = match match_name(name, names.clone()) {
        NameMatch::One(own) => table.resource.method(own),
        _ => None,
    };
    let method = method.ok_or_else(|| {
        let meant = did_you_mean(nearest(name, names.map(|(n, _)| n)));
        let full = table.name();
        let hint = Some(format!("SHOW METHODS IN {full} lists what it has"));
        Error::InvalidStatement { message: format!("could not find method for key = '{name}' in {full}{meant}"), hint }
    })?;
    let mut bindings = Bindings::new();
    for (column, value) in arguments {
        bindings.insert(parameter(&table, method, &column, ColumnRole::Assigned)?, value);
    }
    if let Some(json) = json {
        let body: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(json).map_err(|e| Error::invalid(format!("@@json is not a JSON object: {e}")))?;
        for (column, value) in body {
            bindings.insert(parameter(&table, method, &column, ColumnRole::Assigned)?, Value::Json(value));
        }
    }
    let defaults = table.defaults_of(method);
    let missing =
        method.caller_required().into_iter().filter(|p| !bindings.contains_key(*p) && !defaults.contains_key(*p));
    let missing: Vec<String> = missing.map(str::to_owned).collect();
    if !missing.is_empty() {
        let full = table.name();
        let example = example::by_name(&full, &table.resource, method);
        let source = BindError::Missing { table: full, method: method.name.clone(), missing };
        return Err(Error::Incomplete { source, verb: method.verb, example }.into());
    }
    let until = WaitFor::from_hints(hints, method.verb, is_shown(method.verb));
    Ok((call_node(context, &table, method, leaf(&[bindings])?, until)?, method.verb))
}

fn of_literal(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Boolean(b) => Value::Boolean(*b),
        Literal::Integer(n) => Value::Integer(*n),
        Literal::Number(n) => Value::Number(*n),
        Literal::Text(s) => Value::Text(s.clone()),
    }
}
