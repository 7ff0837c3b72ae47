//! What tells one of several calls from the others.

use serde_json::Value as Json;
use stackql_call::Call;
use stackql_provider::{Location, Parameter, Verb};

use super::Fetch;
use crate::error::Error;

impl Fetch {
    /// The error of one of several calls, with what tells that call from the others. Headers and what a write sends may
    /// be secrets; clauses are the same for all.
    pub(super) fn among(&self, call: &Call, error: Error) -> Error {
        if matches!(error, Error::Behind { .. } | Error::StillRuns { .. }) {
            // It says already where to look for what it is about.
            return error;
        }
        let operation = call.operation();
        let method = operation.method();
        let tells = |p: &&Parameter| match p.location {
            _ if operation.service.endpoints.scope.as_ref() == Some(&p.name) => false,
            _ if method.fills_in(&p.name) || self.clauses.contains_key(&p.name) => false,
            Location::Path | Location::Server => true,
            Location::Query => method.verb == Verb::Select,
            Location::Body => method.verb == Verb::Select && p.required,
            Location::Header => false,
        };
        let given = method.parameters.iter().filter(tells).filter_map(|p| Some((p, call.argument(&p.name)?)));
        let given = given.map(|(p, argument)| match argument {
            Json::String(text) => format!("{} = '{text}'", p.name),
            other => format!("{} = {other}", p.name),
        });
        let given = given.collect::<Vec<_>>().join(", ");
        if given.is_empty() { error } else { Error::Among { given, source: Box::new(error) } }
    }
}
