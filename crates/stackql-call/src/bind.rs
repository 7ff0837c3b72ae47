//! Bindings become a call. Owns the check of every argument against the definition: presence, type, range, shape.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use stackql_provider::names::{did_you_mean, nearest};
use stackql_provider::{Location, Parameter, ValueStyle};
use thiserror::Error;

use crate::request::uri_encoding::text;
use crate::request::url;
use crate::{AddressError, Call, Operation, TransformError};

pub(crate) mod clause_encoder;
mod coerce;
pub(crate) mod keyring;

/// A value as SQL has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// NULL: as if the parameter had not been given.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Number(f64),
    /// Text; where the parameter is nested, JSON text.
    Text(String),
    /// A value that is nested already, such as a list of predicates' values.
    Json(Json),
}

/// Values by the parameter's exact name. The scope's value stands under the scope's name.
pub type Bindings = BTreeMap<String, Value>;

/// Why bindings make no call, or a call no request.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum BindError {
    /// Required parameters are missing.
    #[error("{table}: missing required {}: {}", if .missing.len() == 1 { "parameter" } else { "parameters" }, .missing.join(", "))]
    Missing {
        /// The table.
        table: String,
        /// The method.
        method: String,
        /// Their names, sorted.
        missing: Vec<String>,
    },
    /// The method has no such parameter.
    #[error("{table}: method {method} has no parameter '{name}'{}", did_you_mean(.suggestion.as_deref()))]
    Unknown {
        /// The table.
        table: String,
        /// The method.
        method: String,
        /// What was given.
        name: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// A value does not fit its parameter's shape.
    #[error("{table}: {parameter} takes {expected}, not {given}")]
    Shape {
        /// The table.
        table: String,
        /// The parameter, with a path into it where a nested part is wrong: `TagSpecification[1].ResourceType`.
        parameter: String,
        /// What the shape is, such as `an integer`.
        expected: String,
        /// What was given.
        given: String,
    },
    /// A number, length or count is out of range.
    #[error("{table}: {parameter} must be {range}, not {given}")]
    Range {
        /// The table.
        table: String,
        /// The parameter.
        parameter: String,
        /// The range, such as `between 1 and 32766`.
        range: String,
        /// What was given.
        given: String,
    },
    /// A template makes no body of the arguments.
    #[error("{table}: the request cannot be written: {source}")]
    Template {
        /// The table.
        table: String,
        /// Why.
        source: Box<TransformError>,
    },
    /// The arguments make no address.
    #[error("{table}: {source}")]
    Address {
        /// The table.
        table: String,
        /// Why.
        source: AddressError,
    },
}

/// Checks `bindings` against the operation's method and makes the call. `token` makes an idempotency token for
/// each parameter that wants one and has none; the same call keeps it through all retries.
pub fn bind(
    operation: Arc<Operation>,
    bindings: &Bindings,
    token: &mut dyn FnMut() -> String,
) -> Result<Call, BindError> {
    let method = operation.method();
    let table = operation.qualified_name();
    let scope_name = operation.service.endpoints.scope.as_deref();
    let mut scope = None;
    for (name, value) in bindings {
        if Some(name.as_str()) == scope_name && method.parameter(name).is_none() {
            scope = match value {
                Value::Null => None,
                Value::Text(text) => Some(text.clone()),
                other => {
                    let (parameter, expected) = (name.clone(), "a text".to_owned());
                    return Err(BindError::Shape { table, parameter, expected, given: coerce::shorten(other) });
                }
            };
        } else if method.parameter(name).is_none() {
            let suggestion = nearest(name, method.parameters.iter().map(|p| p.name.as_str())).map(str::to_owned);
            return Err(BindError::Unknown { table, method: method.name.clone(), name: name.clone(), suggestion });
        }
    }
    let mut arguments = Vec::new();
    let mut missing = Vec::new();
    for (at, parameter) in method.parameters.iter().enumerate() {
        let given = bindings.get(&parameter.name).unwrap_or(&Value::Null);
        let in_markup = parameter.location == Location::Body
            && matches!(method.request.body, stackql_provider::BodyStyle::Xml { .. });
        let types = &operation.resource.types;
        let coercion = coerce::Coercion { table: &table, types, in_markup, token: &mut *token };
        match coercion.argument(parameter, given)? {
            Json::Null if parameter.idempotency_token => arguments.push((at, Json::String(token()))),
            Json::Null
                if parameter.required && parameter.default.is_none() && !method.has_implicit_value(&parameter.name) =>
            {
                missing.push(parameter.name.clone())
            }
            Json::Null if scope_name == Some(parameter.name.as_str()) => scope.clone_from(&parameter.default),
            Json::Null => {}
            argument => {
                if let Some((expected, given)) = unfit(&operation, parameter, &argument) {
                    let (parameter, expected) = (parameter.name.clone(), expected.to_owned());
                    return Err(BindError::Shape { table, parameter, expected, given });
                }
                if parameter.location == Location::Server
                    && scope_name == Some(parameter.name.as_str())
                    && let Json::String(place) = &argument
                {
                    scope = Some(place.clone());
                }
                arguments.push((at, argument));
            }
        }
    }
    if !missing.is_empty() {
        missing.sort_unstable();
        return Err(BindError::Missing { table, method: method.name.clone(), missing });
    }
    checked_places(&operation, scope.as_deref(), &arguments).map_err(|source| BindError::Address { table, source })?;
    Ok(Call { operation, scope, arguments })
}

/// What the address of the request takes, and what is given instead. A path takes nothing that leads out of its place,
/// and not nothing, which would ask for something else; a header takes what ends no line.
fn unfit(operation: &Operation, parameter: &Parameter, argument: &Json) -> Option<(&'static str, String)> {
    let text = || text(&operation.resource.types, parameter, argument);
    match parameter.location {
        Location::Path => {
            let text = text();
            let leads_out = match parameter.style {
                ValueStyle::Slashed => {
                    text.bytes().all(|b| b == b'/') || text.split('/').any(|step| matches!(step, "." | ".."))
                }
                _ => matches!(text.as_str(), "" | "." | ".."),
            };
            leads_out.then(|| ("a text that stays in its place", coerce::shorten(&Value::Text(text))))
        }
        Location::Header => {
            let text = text();
            let is_carried = http::HeaderValue::from_str(&text).is_ok();
            (!is_carried).then(|| ("a text that a header can carry", coerce::shorten(&Value::Text(text))))
        }
        Location::Query | Location::Body | Location::Server => None,
    }
}

/// Checks what decides who is asked, before anything is sent or signed.
fn checked_places(operation: &Operation, scope: Option<&str>, arguments: &[(usize, Json)]) -> Result<(), AddressError> {
    let parameters = &operation.method().parameters;
    let scope_name = operation.service.endpoints.scope.as_deref();
    let templates = operation.addresses();
    let templates = || templates.iter().map(AsRef::as_ref);
    if let (Some(name), Some(place)) = (scope_name, scope) {
        url::check(templates(), (name, place), true)?;
    }
    for (at, argument) in arguments {
        let parameter = &parameters[*at];
        if parameter.location == Location::Server && scope_name != Some(parameter.name.as_str()) {
            let text = argument.as_str().map_or_else(|| argument.to_string(), str::to_owned);
            url::check(templates(), (&parameter.wire, &text), false)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
