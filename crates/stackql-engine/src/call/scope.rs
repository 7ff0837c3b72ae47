//! Scope resolution: the default of a scope, and the expansion of the scope wildcard `*` to all members. [`filters`] drops the
//! members that the statement's filters exclude.

pub(crate) mod filters;

use std::sync::Arc;

use futures::TryStreamExt;
use stackql_call::{Bindings, Operation, RowProjection, Value};
use stackql_provider::names::{did_you_mean, nearest};
use stackql_provider::{Endpoints, Location, Provider, Scope, Service, Verb};

use crate::call::context::Context;
use crate::call::page_stream::{ReadOptions, pages};
use crate::error::Error;
use crate::physical::call_exec::named_scope;

/// The scope wildcard: all members of a scope.
pub(crate) const ALL_MEMBERS: &str = "*";

/// Resolves the scope of a call: returns one set of bindings per member of the scope. Server parameters that have an
/// environment variable and are not bound get their defaults, too.
///
/// # Errors
///
/// A default cannot be determined, the members cannot be listed, or the bound value is no member.
pub(crate) async fn expand_scopes(
    context: &Arc<Context>,
    operation: &Operation,
    mut bindings: Bindings,
) -> Result<Vec<Bindings>, Error> {
    for parameter in operation.method().parameters.iter().filter(|p| p.location == Location::Server) {
        let (Some(variable), false) = (&parameter.environment, bindings.contains_key(&parameter.name)) else {
            continue;
        };
        let (name, default) = (parameter.name.clone(), parameter.default.clone());
        let scope = Scope { name, environment: vec![variable.clone()], default, members: None };
        let value = self::default(context, operation, &scope).await.map_err(|error| match error {
            Error::Transport { table, scope, mut source } => {
                source.message = format!("cannot find any viable servers: {}", source.message);
                Error::Transport { table, scope, source }
            }
            other => other,
        })?;
        bindings.insert(parameter.name.clone(), Value::Text(value));
    }
    let Some(scope) = scope_of(operation) else { return Ok(vec![bindings]) };
    match named_scope(operation, &bindings) {
        Some(ALL_MEMBERS) => {
            let mut all = Vec::new();
            for member in members(context, operation, scope).await? {
                let mut one = bindings.clone();
                one.insert(scope.name.clone(), Value::Text(member));
                all.push(one);
            }
            Ok(all)
        }
        Some(member) => {
            check_member(&operation.provider, &operation.service, &Value::Text(member.to_owned()))?;
            Ok(vec![bindings])
        }
        None => {
            let value = default(context, operation, scope).await?;
            check_member(&operation.provider, &operation.service, &Value::Text(value.clone()))?;
            bindings.insert(scope.name.clone(), Value::Text(value));
            Ok(vec![bindings])
        }
    }
}

/// Rejects a value that is not a member of the service's scope, where the definitions list all members. Partitions with a
/// pattern of names do; other partitions, such as the servers of an API document, may list only examples.
///
/// # Errors
///
/// Names the value, and the member with the most similar spelling.
pub(crate) fn check_member(provider: &Provider, service: &Service, value: &Value) -> Result<(), Error> {
    let Endpoints { scope: Some(scope), partitions, .. } = &service.endpoints else { return Ok(()) };
    let Value::Text(value) = value else { return Ok(()) };
    let listed = || partitions.iter().filter(|p| !p.pattern.is_empty()).flat_map(|p| p.members.iter());
    if listed().next().is_none() || value == ALL_MEMBERS || listed().any(|member| member == value) {
        return Ok(());
    }
    // A host may be declared for a value that is not a member, such as one that stands for all of them.
    if partitions.iter().flat_map(|p| &p.hosts).any(|host| host.member == *value) {
        return Ok(());
    }
    let meant = did_you_mean(nearest(value, listed().map(String::as_str)));
    let article = if scope.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    Err(Error::InvalidStatement {
        message: format!("'{}' is not {article} {scope} of {}{meant}", value.escape_debug(), provider.name),
        hint: Some(format!("{scope} = '*' means all; newer definitions may know more of them")),
    })
}

/// The scope of an operation's service, if it has one.
pub(crate) fn scope_of(operation: &Operation) -> Option<&Scope> {
    let name = operation.service.endpoints.scope.as_ref()?;
    operation.provider.scopes.iter().find(|s| s.name == *name)
}

/// The value of a scope that the statement does not bind: the session's setting, else the default of the transport.
///
/// # Errors
///
/// The transport cannot determine a default.
pub(crate) async fn default(context: &Context, operation: &Operation, scope: &Scope) -> Result<String, Error> {
    if let Some(value) = context.settings.parameter_default(&operation.provider.name, &scope.name) {
        return Ok(value.to_owned());
    }
    let found = context.transport.default_scope(&operation.provider, scope).await;
    found.map_err(|source| Error::Transport { table: operation.qualified_name(), scope: None, source })
}

async fn members(context: &Arc<Context>, operation: &Operation, scope: &Scope) -> Result<Vec<String>, Error> {
    let provider = &operation.provider;
    let unlistable = || {
        let (table, scope) = (operation.qualified_name(), &scope.name);
        Error::invalid(format!("{table}: the members of {scope} cannot be listed; name them by = or IN"))
    };
    let listing = scope.members.as_ref().ok_or_else(unlistable)?;
    let service = context.definitions.service(&provider.name, &listing.service)?;
    let resource = context.definitions.resource(&provider.name, &listing.service, &listing.resource)?;
    let method = resource.methods_of(Verb::Select).next().ok_or_else(unlistable)?.name.clone();
    let column = resource.columns.iter().find(|c| c.name == listing.column).ok_or_else(unlistable)?.clone();
    let plan = RowProjection::new(&resource.types, &[column], false);
    let list = Operation::new(Arc::clone(provider), service, resource, &method).ok_or_else(unlistable)?;
    let here = default(context, &list, scope).await?;
    let bindings = Bindings::from([(scope.name.clone(), Value::Text(here))]);
    let call = stackql_call::bind(Arc::new(list), &bindings, &mut || uuid::Uuid::new_v4().to_string())?;
    let paging = ReadOptions::default();
    let batches: Vec<_> = pages(Arc::clone(context), call, plan, paging).try_collect().await?;
    let mut names: Vec<String> = batches
        .iter()
        .flat_map(|b| {
            use datafusion::arrow::array::AsArray;
            b.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    names.sort();
    Ok(names)
}
