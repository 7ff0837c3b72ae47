//! Creates a session from flags and environment: definitions from files and the binary, transport, store and journal.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use stackql_call::Transport;
use stackql_client::{
    CachingTransport, Client, HarTransport, RecordingError, RecordingTransport, RegistryConfig, RemoteRegistry,
    ReplayTransport, Settings, auth_contexts, installed_versions,
};
use stackql_compile::DocumentProvider;
use stackql_engine::{RollbackMode, Session, SessionOptions, Store};
use stackql_provider::{CompiledError, CompiledProvider, Definitions, LazyProvider, LoadedProvider, Origin, Providers};
use sysinfo::System;
use url::Url;

use crate::args::groups::{Calls, Common, Proxy};
use crate::args::ignored_flags::object;
use crate::commands::version::build;
use crate::exit::{CliError, print_stderr};
use crate::session_setup::built_in_providers;
use crate::session_setup::cache_namespaces::analytics;
use crate::session_setup::http_log::{HttpLogLevel, LoggingTransport};
use crate::session_setup::journal_files::JournalDir;
use crate::session_setup::reloading_registry::ReloadingRegistry;

/// Directory of the cache of compiled documents, below `--approot`.
const COMPILED: &str = "compiled";

/// Directory of the response cache, below `--approot`.
const ANSWERS: &str = "answers";

/// A session, and the HAR archive to write when it ends.
pub(crate) struct SessionHandle {
    pub(crate) session: Session,
    archive: Option<Archive>,
}

/// The transport that records the session's calls as HAR, and the file that they are written to.
type Archive = (Arc<HarTransport>, PathBuf);

impl SessionHandle {
    /// Writes the HAR archive, if one was requested.
    pub(crate) fn end(&self) -> Result<(), CliError> {
        let Some((archive, path)) = &self.archive else { return Ok(()) };
        archive.write(path).map_err(|e| CliError::Message(e.to_string()))
    }
}

/// Creates a session from the flags and the process environment.
pub(crate) fn session(flags: &Common) -> Result<SessionHandle, CliError> {
    let mut environment = flags.environment.clone();
    environment.extend(self::environment());
    session_in(environment, flags)
}

/// Creates a session from the flags and the given environment.
pub(crate) fn session_in(environment: BTreeMap<String, String>, common: &Common) -> Result<SessionHandle, CliError> {
    let flags = &common.calls;
    let registry = registry(common)?;
    let definitions = Arc::new(Providers::new(providers(common, &registry)?));
    let client =
        Client::new(settings(environment, common, &definitions)?).map_err(|e| CliError::Message(e.to_string()))?;
    let client = Arc::new(client);
    let remote = RemoteRegistry::new(Arc::clone(&client), registry.clone(), common.output.approot.clone());
    let keyring = Arc::clone(&client);
    let (transport, archive) = transport(client, common)?;
    let store = store(common)?;
    let journal = Arc::new(JournalDir::below(&common.output.approot));
    let options = options(flags, common.output.compat())?;
    let (common, shown) = (common.clone(), Arc::clone(&definitions));
    let reload = move || providers(&common, &registry).map(|found| shown.replace(found));
    let pulling = ReloadingRegistry { remote, definitions: Arc::clone(&definitions), reload: Box::new(reload) };
    let session = Session::new(definitions, transport, options).with_registry(Arc::new(pulling)).with_store(store);
    let session = session.with_journal(journal).with_keyring(keyring).with_build(build());
    Ok(SessionHandle { session, archive })
}

/// The store for local objects. Its database is opened on first use.
fn store(common: &Common) -> Result<Arc<dyn Store>, CliError> {
    let flags = &common.calls;
    let backend = object("sqlBackend", &flags.sql_backend).map_err(CliError::Message)?.to_string();
    let options = stackql_store::Options {
        export: Some(flags.export_alias.clone()),
        ca_bundle: ca_bundle(flags),
        allow_insecure: flags.allow_insecure,
    };
    stackql_store::open(&backend, options).map_err(|e| CliError::Message(e.to_string()))
}

fn ca_bundle(flags: &Calls) -> Option<PathBuf> {
    flags.ca_bundle.clone().filter(|path| !path.as_os_str().is_empty())
}

/// Builds the transport stack: the HTTP client or a replay, then recording, HAR, logging and the response cache.
fn transport(client: Arc<Client>, common: &Common) -> Result<(Arc<dyn Transport>, Option<Archive>), CliError> {
    let (broken, flags) = (|e: RecordingError| CliError::Message(e.to_string()), &common.calls);
    let mut transport: Arc<dyn Transport> = match &flags.replay {
        Some(folder) => Arc::new(ReplayTransport::open(folder).map_err(broken)?),
        None => Arc::clone(&client) as _,
    };
    if let Some(folder) = &flags.record {
        transport = Arc::new(RecordingTransport::new(transport, folder).map_err(broken)?);
    }
    let mut archive = None;
    if let Some(path) = &flags.har {
        let har = Arc::new(HarTransport::new(transport));
        transport = Arc::clone(&har) as _;
        archive = Some((har, path.clone()));
    }
    let told = match (flags.http_log, common.output.compat() || !std::io::stderr().is_terminal()) {
        (true, _) => HttpLogLevel::All,
        (false, true) => HttpLogLevel::Errors,
        (false, false) => HttpLogLevel::Off,
    };
    transport = Arc::new(LoggingTransport::new(transport, told));
    // A replay needs no cache, and it has no caller identity to cache by.
    if flags.replay.is_none() {
        transport = Arc::new(CachingTransport::new(transport, client, Some(common.output.approot.join(ANSWERS))));
    }
    Ok((transport, archive))
}

/// The first provider of this name.
pub(crate) fn provider(flags: &Common, name: &str) -> Result<Box<dyn LazyProvider>, CliError> {
    let mut providers = providers(flags, &registry(flags)?)?;
    let known: Vec<String> = providers.iter().map(|(p, _)| p.provider().name.clone()).collect();
    match known.iter().position(|k| k.eq_ignore_ascii_case(name)) {
        Some(at) => Ok(providers.swap_remove(at).0),
        None => {
            Err(CliError::Message(format!("cannot find provider = '{name}'; providers here: {}", known.join(", "))))
        }
    }
}

fn registry(flags: &Common) -> Result<RegistryConfig, CliError> {
    let config = RegistryConfig::parse(flags.calls.registry.as_deref().unwrap_or_default());
    config.map_err(|e| CliError::Message(e.to_string()))
}

/// All providers in order of precedence: those of `--definitions`, the installed ones, and the built-in ones, which are
/// omitted if the user configures a registry.
fn providers(flags: &Common, registry: &RegistryConfig) -> Result<Vec<LoadedProvider>, CliError> {
    let mut providers: Vec<LoadedProvider> = Vec::new();
    for path in &flags.calls.definitions {
        let compiled = CompiledProvider::open(path).map_err(|e| match e {
            CompiledError::Io { path, reason } => CliError::Message(format!("cannot read {path}: {reason}")),
            other => CliError::Message(format!("{}: {other}", path.display())),
        })?;
        providers.push((Box::new(compiled), Origin::File(path.display().to_string())));
    }
    let approot = &flags.output.approot;
    for folder in installed_versions(registry, approot).map_err(|e| CliError::Message(e.to_string()))? {
        match DocumentProvider::open(&folder, Some(&approot.join(COMPILED))) {
            Ok(provider) => providers.push((Box::new(provider), Origin::Documents(folder.display().to_string()))),
            // The other providers remain usable.
            Err(problem) => print_stderr(&format!("a provider is left out: {problem}")),
        }
    }
    if flags.calls.registry.is_none() {
        let built_in = built_in_providers::providers();
        providers.extend(built_in.map_err(|e| CliError::Message(format!("the built-in definitions: {e}")))?);
    }
    Ok(providers)
}

fn options(flags: &Calls, compat: bool) -> Result<SessionOptions, CliError> {
    let defaults = SessionOptions::default();
    let concurrency = in_flight(flags).unwrap_or(defaults.concurrency);
    let memory_limit = match flags.memory_limit {
        Some(size) => usize::try_from(size.as_u64()).unwrap_or(usize::MAX),
        None => quarter_of_memory(),
    };
    Ok(SessionOptions {
        concurrency,
        rollback: rollback(flags)?,
        compat,
        page_limit: usize::try_from(flags.page_limit).ok(),
        read_only: flags.read_only,
        memory_limit: Some(memory_limit),
        await_limit: Duration::from_secs(flags.await_limit),
        cache_ttl: flags.cache_ttl.unwrap_or_default(),
        analytics: analytics(&flags.namespaces)?,
        view_depth: flags.view_depth,
        ..defaults
    })
}

/// The value of `--session`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SessionJson {
    rollback_type: RollbackMode,
}

/// When the statements of a transaction run, by `--session`.
fn rollback(flags: &Calls) -> Result<RollbackMode, CliError> {
    let told = |e| CliError::Message(format!("--session takes {{\"rollback_type\": \"lazy\"}} or eager: {e}"));
    let value = object("session", &flags.session).map_err(CliError::Message)?;
    serde_json::from_value::<SessionJson>(value).map(|session| session.rollback_type).map_err(told)
}

/// The limit of concurrent calls, if the user sets one.
fn in_flight(flags: &Calls) -> Option<usize> {
    flags.concurrency.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX >> 4).max(1))
}

fn quarter_of_memory() -> usize {
    let mut system = System::new();
    system.refresh_memory();
    usize::try_from(system.total_memory() / 4).unwrap_or(usize::MAX)
}

fn settings(
    environment: BTreeMap<String, String>,
    common: &Common,
    definitions: &Providers,
) -> Result<Settings, CliError> {
    let flags = &common.calls;
    let auth = flags.auth.as_deref().filter(|text| !text.trim().is_empty());
    let auth = auth.map(auth_contexts).transpose().map_err(|e| CliError::Message(e.to_string()))?;
    let defaults = Settings::default();
    let concurrency_limit = in_flight(flags).unwrap_or(defaults.concurrency_limit);
    Ok(Settings {
        auth: auth.unwrap_or_default(),
        environment,
        scope_defaults: scope_defaults(flags, definitions),
        compat: common.output.compat(),
        endpoint_url: flags.endpoint_url.clone(),
        request_timeout: Duration::from_secs(flags.request_timeout),
        ca_bundle: ca_bundle(flags),
        allow_insecure: flags.allow_insecure,
        allow_local_exec: flags.allow_local_exec,
        proxy: proxy(&common.proxy)?,
        concurrency_limit,
        total_concurrency_limit: defaults.total_concurrency_limit.max(concurrency_limit),
        ..defaults
    })
}

/// The URL of the proxy, if the flags name one.
fn proxy(flags: &Proxy) -> Result<Option<String>, CliError> {
    if flags.host.is_empty() {
        return Ok(None);
    }
    // The errors do not quote the URL, which may hold a password.
    let wrong = |what| CliError::Message(format!("--http.proxy.{what} is not fit for the address of a proxy"));
    let mut url = Url::parse(&format!("{}://proxy", flags.scheme)).map_err(|_| wrong("scheme"))?;
    url.set_host(Some(&flags.host)).map_err(|_| wrong("host"))?;
    if flags.port >= 0 {
        let port = u16::try_from(flags.port).map_err(|_| wrong("port"))?;
        url.set_port(Some(port)).map_err(|()| wrong("port"))?;
    }
    url.set_username(&flags.user).map_err(|()| wrong("user"))?;
    let password = Some(flags.password.as_str()).filter(|text| !text.is_empty());
    url.set_password(password).map_err(|()| wrong("password"))?;
    Ok(Some(url.into()))
}

/// Default scopes from `--region`: the scope `region` of each provider that has one.
fn scope_defaults(flags: &Calls, definitions: &Providers) -> BTreeMap<(String, String), String> {
    let Some(region) = &flags.region else { return BTreeMap::new() };
    let providers = definitions.providers().into_iter().filter_map(|p| definitions.provider(&p.name).ok());
    let scoped = providers.filter(|p| p.scopes.iter().any(|s| s.name == "region"));
    scoped.map(|p| ((p.name.clone(), "region".to_owned()), region.clone())).collect()
}

/// The environment. Values that are not UTF-8 are kept with replacement characters; dropping them would make a
/// variable, such as a profile or a proxy, look unset.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
        .collect()
}
