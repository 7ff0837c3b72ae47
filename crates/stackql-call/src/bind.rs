//! [`bind()`] turns [`Bindings`] into a [`Call`]. Owns the checks of every argument against the definition: presence, type,
//! range, and what its position in the request allows.

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

/// A SQL value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// NULL: as if the parameter were not bound.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Number(f64),
    /// Text; for a parameter of a nested type, JSON text.
    Text(String),
    /// A value that is already nested, such as a list of predicates' values.
    Json(Json),
}

/// Values by the exact name of the parameter. The value of the scope is bound under the name of the scope.
pub type Bindings = BTreeMap<String, Value>;

/// Why bindings cannot be bound to a call, or a call cannot be encoded as a request.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum BindError {
    /// Required parameters are unbound.
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
        /// The name that was bound.
        name: String,
        /// The parameter with the nearest name, if one is near.
        suggestion: Option<String>,
    },
    /// A value does not fit the type of its parameter, or its position in the request.
    #[error("{table}: {parameter} takes {expected}, not {given}")]
    Shape {
        /// The table.
        table: String,
        /// The parameter, with a path into it where a nested part is wrong: `TagSpecification[1].ResourceType`.
        parameter: String,
        /// The type in words, such as `an integer`.
        expected: String,
        /// The value that was bound, shortened.
        given: String,
    },
    /// A number, the length of a text or the count of a list is out of range.
    #[error("{table}: {parameter} must be {range}, not {given}")]
    Range {
        /// The table.
        table: String,
        /// The parameter.
        parameter: String,
        /// The range, such as `between 1 and 32766`.
        range: String,
        /// The value that was bound, shortened.
        given: String,
    },
    /// A template cannot render the request from the arguments.
    #[error("{table}: the request cannot be written: {source}")]
    Template {
        /// The table.
        table: String,
        /// The error of the template.
        source: Box<TransformError>,
    },
    /// The arguments do not yield a valid URL.
    #[error("{table}: {source}")]
    Address {
        /// The table.
        table: String,
        /// What is wrong with the URL.
        source: AddressError,
    },
}

/// Checks `bindings` against the operation's method and constructs the call. `token` generates an idempotency token for each
/// parameter or member that is one and is unbound; the call carries it through all retries.
///
/// # Errors
///
/// - [`BindError::Unknown`]: the method has no parameter of a bound name.
/// - [`BindError::Missing`]: required parameters are unbound.
/// - [`BindError::Shape`], [`BindError::Range`]: a value does not fit its parameter.
/// - [`BindError::Address`]: the scope or a server variable has a value that its position in the URL does not allow.
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

/// What a parameter expects and the value that violates it, if the value could redirect or break the request. A value in
/// the path must not be empty nor leave its path segment, because the URL would name another resource. A value in a header
/// must be a valid header value, without line breaks.
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

/// Checks the scope and the server variables, which decide the host, before anything is sent or signed.
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
