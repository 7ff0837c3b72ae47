//! Adds context to the error of one of several calls: the arguments or the row number that distinguish it.

use serde_json::Value as Json;
use stackql_call::Call;
use stackql_provider::names::fold;
use stackql_provider::{Location, Parameter, Type, Verb};

use super::call_exec::CallSpec;
use crate::error::Error;

impl CallSpec {
    /// Whether the statement itself lists the rows to write, so that row numbers are meaningful to the user.
    pub(crate) fn has_statement_rows(&self) -> bool {
        self.rows_from_statement && matches!(self.operation.method().verb, Verb::Insert | Verb::Replace)
    }

    /// Adds to the error of one of several calls the arguments that distinguish it from the others.
    ///
    /// Headers and the values of a write may be secrets and are left out, except for names and ids. The scope, implicit values
    /// and pushed clauses are left out as well.
    pub(crate) fn add_call_context(&self, row: usize, call: &Call, error: Error) -> Error {
        if matches!(error, Error::LroFollowUp { .. } | Error::LroTimeout { .. }) && !self.has_statement_rows() {
            // The error already names the operation and where to look for it.
            return error;
        }
        let operation = call.operation();
        let method = operation.method();
        let tells = |p: &&Parameter| match p.location {
            _ if operation.service.endpoints.scope.as_ref() == Some(&p.name) => false,
            _ if method.has_implicit_value(&p.name) || self.pushed_clauses.contains_key(&p.name) => false,
            Location::Path | Location::Server => true,
            Location::Query => method.verb == Verb::Select || self.is_key(p),
            Location::Body if method.verb == Verb::Select => p.required,
            Location::Body => self.is_key(p),
            Location::Header => false,
        };
        let given = method.parameters.iter().filter(tells).filter_map(|p| Some((p, call.argument(&p.name)?)));
        let given = given.map(|(p, argument)| match argument {
            Json::String(text) => format!("{} = '{text}'", p.name),
            other => format!("{} = {other}", p.name),
        });
        let given = given.collect::<Vec<_>>().join(", ");
        let given = match (self.has_statement_rows(), given.as_str()) {
            (true, "") => format!("row {row}"),
            (true, given) => format!("row {row} ({given})"),
            (false, "") => return error,
            (false, given) => given.to_owned(),
        };
        Error::OneOfSeveral { given, source: Box::new(error) }
    }

    /// Whether a parameter of a written row is a name or an id.
    fn is_key(&self, parameter: &Parameter) -> bool {
        let is_plain = matches!(self.operation.resource.types.get(parameter.ty), Type::String | Type::Integer);
        let name = fold(&parameter.name);
        self.has_statement_rows() && is_plain && ["name", "id"].iter().any(|ending| name.ends_with(ending))
    }
}
