//! Flags and environment become a session: definitions from files and the program itself, and a transport.

use std::sync::Arc;

use async_trait::async_trait;
use stackql_call::{Request, Response, Transport, TransportError, TransportErrorKind};
use stackql_engine::{Session, SessionOptions};
use stackql_provider::{CompiledProvider, Embedded, Origin, Provider, Scope};

use crate::arguments::Calls;
use crate::ending::Stop;

/// A session as the flags want it.
pub(crate) fn session(flags: &Calls) -> Result<Session, Stop> {
    let definitions = Embedded::new(compiled(flags)?);
    Ok(Session::new(Arc::new(definitions), Arc::new(Unconnected { region: flags.region.clone() }), options(flags)))
}

/// One provider in its compiled form, the first of its name.
pub(crate) fn provider(flags: &Calls, name: &str) -> Result<CompiledProvider, Stop> {
    let mut providers = compiled(flags)?;
    let known: Vec<String> = providers.iter().map(|(p, _)| p.provider().name.clone()).collect();
    match known.iter().position(|k| k.eq_ignore_ascii_case(name)) {
        Some(at) => Ok(providers.swap_remove(at).0),
        None => Err(Stop::Told(format!("cannot find provider '{name}'; providers here: {}", known.join(", ")))),
    }
}

/// The providers of `--definitions`, then those built in.
fn compiled(flags: &Calls) -> Result<Vec<(CompiledProvider, Origin)>, Stop> {
    let mut providers = Vec::new();
    for path in &flags.definitions {
        let compiled = CompiledProvider::open(path).map_err(|e| Stop::Told(format!("{}: {e}", path.display())))?;
        providers.push((compiled, Origin::File(path.display().to_string())));
    }
    Ok(providers)
}

fn options(flags: &Calls) -> SessionOptions {
    let defaults = SessionOptions::default();
    let concurrency = match flags.concurrency {
        None => defaults.concurrency,
        Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX >> 4).max(1),
    };
    SessionOptions { concurrency, page_limit: usize::try_from(flags.page_limit).ok(), read_only: flags.read_only }
}

/// The transport while there is no client: it refuses to call.
#[derive(Debug)]
struct Unconnected {
    region: Option<String>,
}

#[async_trait]
impl Transport for Unconnected {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let message = format!("{}: this build has no client and cannot call", request.operation.table());
        Err(TransportError { kind: TransportErrorKind::Configuration, message, attempts: Vec::new() })
    }

    async fn default_scope(&self, _: &Provider, scope: &Scope) -> Result<String, TransportError> {
        let variables = scope.environment.iter().find_map(|name| std::env::var(name).ok());
        self.region.clone().or(variables).or_else(|| scope.default.clone()).ok_or_else(|| TransportError {
            kind: TransportErrorKind::Configuration,
            message: format!("no {}: name one in the statement", scope.name),
            attempts: Vec::new(),
        })
    }
}
