//! Derives the compensation of a call: the inverse of its method, bound from the call's bindings and its response.

use std::sync::Arc;

use stackql_call::{Bindings, Call, Operation, Response, Value, bind, extract_value};
use stackql_provider::{Definitions, Inverse, Location};

use crate::call::lro::WaitFor;
use crate::journal::{Compensation, JournaledCall};

/// The compensation of a call that was bound from `bindings` and got the response `answer`.
///
/// Parameters that the inverse requires and the response does not supply, such as the project, are taken from the bindings of
/// the call. Where no inverse is known or it cannot be bound, the compensation is manual.
pub(crate) fn compensation(
    definitions: &dyn Definitions,
    call: &Call,
    bindings: &Bindings,
    answer: &Response,
) -> Compensation {
    let Some(inverse) = &call.operation().method().inverse else {
        return Compensation::Manual("no method is known that undoes it".to_owned());
    };
    match inverse_call(definitions, call, bindings, answer, inverse) {
        Ok(called) => Compensation::Call(called),
        Err(why) => Compensation::Manual(why),
    }
}

fn inverse_call(
    definitions: &dyn Definitions,
    call: &Call,
    bindings: &Bindings,
    answer: &Response,
    inverse: &Inverse,
) -> Result<JournaledCall, String> {
    let (provider, service) = (&call.operation().provider, &call.operation().service);
    let Inverse { resource, method, tokens } = inverse;
    let found = definitions.resource(&provider.name, &service.name, resource).map_err(|e| e.to_string())?;
    let operation = Operation::new(Arc::clone(provider), Arc::clone(service), found, method);
    let operation = Arc::new(operation.ok_or_else(|| format!("{resource} has no method '{method}'"))?);
    let mut own = Bindings::new();
    let owed = operation.method().caller_required();
    let is_place = |p: &stackql_provider::Parameter| p.location == Location::Server;
    let same = operation.method().parameters.iter().filter(|p| is_place(p) || owed.contains(&p.name.as_str()));
    let scope = service.endpoints.scope.iter();
    for name in same.map(|p| &p.name).chain(scope) {
        if let Some(value) = bindings.get(name) {
            own.insert(name.clone(), value.clone());
        }
    }
    for (name, carrier) in tokens {
        let named = |p: &&stackql_provider::Parameter| p.name == *name || p.wire == *name || p.aliases.contains(name);
        let parameter = operation.method().parameters.iter().find(named);
        let parameter = parameter.ok_or_else(|| format!("{resource}.{method} has no parameter '{name}'"))?;
        let value = extract_value(answer, carrier).ok_or_else(|| format!("the answer did not say its {name}"))?;
        own.insert(parameter.name.clone(), Value::Text(value));
    }
    let call = bind(Arc::clone(&operation), &own, &mut idempotency_token).map_err(|e| e.to_string())?;
    Ok(JournaledCall::new(&call, own, WaitFor::Completion))
}

/// A new idempotency token (a random UUID), by which an API recognizes a repeated call.
pub(crate) fn idempotency_token() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl JournaledCall {
    /// The journal record of a call that was bound from `bindings`, with the idempotency tokens that were generated for it.
    pub(crate) fn new(call: &Call, mut bindings: Bindings, until: WaitFor) -> Self {
        let Operation { provider, service, resource, .. } = call.operation().as_ref();
        let method = call.operation().method();
        for parameter in method.parameters.iter().filter(|p| p.idempotency_token) {
            if let Some(token) = call.argument(&parameter.name) {
                bindings.insert(parameter.name.clone(), Value::Json(token.clone()));
            }
        }
        Self {
            provider: provider.name.clone(),
            service: service.name.clone(),
            resource: resource.name.clone(),
            method: method.name.clone(),
            bindings,
            wait_for: until,
        }
    }
}
