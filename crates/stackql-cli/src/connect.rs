//! Flags and environment become a session: definitions from files and the program itself, and a transport.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stackql_client::{Client, RegistryConfig, RemoteRegistry, Settings, auth_contexts};
use stackql_engine::{Session, SessionOptions};
use stackql_provider::{CompiledError, CompiledProvider, Definitions, Embedded, Origin};

use crate::arguments::{Calls, Common};
use crate::ending::Stop;

/// A session as the flags and the environment want it.
pub(crate) fn session(flags: &Common) -> Result<Session, Stop> {
    session_in(environment(), flags)
}

/// A session as the flags and the given environment want it.
pub(crate) fn session_in(environment: BTreeMap<String, String>, common: &Common) -> Result<Session, Stop> {
    let flags = &common.calls;
    let registry = RegistryConfig::parse(flags.registry.as_deref().unwrap_or_default());
    let registry = registry.map_err(|e| Stop::Told(e.to_string()))?;
    let definitions = Embedded::new(compiled(flags)?);
    let client = Client::new(settings(environment, flags, &definitions)?).map_err(|e| Stop::Told(e.to_string()))?;
    let client = Arc::new(client);
    let registry = RemoteRegistry::new(Arc::clone(&client), registry, common.output.approot.clone());
    Ok(Session::new(Arc::new(definitions), client, options(flags)).with_registry(Arc::new(registry)))
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
        let compiled = CompiledProvider::open(path).map_err(|e| match e {
            CompiledError::Io { path, reason } => Stop::Told(format!("cannot read {path}: {reason}")),
            other => Stop::Told(format!("{}: {other}", path.display())),
        })?;
        providers.push((compiled, Origin::File(path.display().to_string())));
    }
    providers.extend(crate::embedded::providers().map_err(|e| Stop::Told(format!("the built-in definitions: {e}")))?);
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

fn settings(environment: BTreeMap<String, String>, flags: &Calls, definitions: &Embedded) -> Result<Settings, Stop> {
    let auth = flags.auth.as_deref().filter(|text| !text.trim().is_empty());
    let auth = auth.map(auth_contexts).transpose().map_err(|e| Stop::Told(e.to_string()))?;
    Ok(Settings {
        auth: auth.unwrap_or_default(),
        environment,
        scope_defaults: scope_defaults(flags, definitions),
        endpoint_url: flags.endpoint_url.clone(),
        request_timeout: Duration::from_secs(flags.request_timeout),
        ca_bundle: flags.ca_bundle.clone(),
        allow_insecure: flags.allow_insecure,
        ..Settings::default()
    })
}

/// What `--region` means: the scope of that name, of every provider that has one.
fn scope_defaults(flags: &Calls, definitions: &Embedded) -> BTreeMap<(String, String), String> {
    let Some(region) = &flags.region else { return BTreeMap::new() };
    let providers = definitions.providers().into_iter().filter_map(|p| definitions.provider(&p.name).ok());
    let scoped = providers.filter(|p| p.scopes.iter().any(|s| s.name == "region"));
    scoped.map(|p| ((p.name.clone(), "region".to_owned()), region.clone())).collect()
}

/// The environment; a variable that is not text is nothing that a client reads.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
