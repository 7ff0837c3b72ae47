//! [`World`]: a fake API whose expected requests and their responses are read from files. A request must match verbatim;
//! any other request is an error.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use flate2::read::GzDecoder;
use serde::Deserialize;
use stackql_call::{Attempt, Request, Response, Transport, TransportError, TransportErrorKind};
use stackql_compile::DocumentProvider;
use stackql_engine::{CacheNamespace, RollbackMode, SessionOptions};
use stackql_provider::{CompiledProvider, Compression, Origin, Provider, Providers, Scope};
use thiserror::Error;

/// Directory of the registry's archives, relative to the directory of shared data outside of the repository.
const ARCHIVES: &str = "registry/providers/dist";

/// A fake API: a [`Transport`] that replays the exchanges of a directory.
#[derive(Debug)]
pub struct World {
    settings: Settings,
    exchanges: Vec<Exchange>,
    /// How often each exchange was used, in the same order.
    used: Mutex<Vec<usize>>,
}

/// `settings.yaml` of a world: the options of its session that differ from the defaults.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    page_limit: Option<usize>,
    read_only: bool,
    rollback: RollbackMode,
    compat: bool,
    analytics: Option<Analytics>,
}

/// The tables whose responses are cached.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Analytics {
    ttl: u64,
    regex: String,
    template: String,
}

/// An expected request and its response.
#[derive(Debug)]
struct Exchange {
    /// The request as `scope METHOD path fields`, or the summary in `system.calls` for other protocols. An idempotency
    /// token is written `<token>`.
    question: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// `published.yaml` of a world's definitions: directory and version of documents in the registry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    directory: String,
    version: String,
}

/// `sources.yaml` of a world's definitions: paths of models and overlays, relative to the directory of the definitions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    models: PathBuf,
    overlays: PathBuf,
}

/// Why a world or its definitions cannot be loaded.
#[derive(Debug, Error)]
#[error("{path}: {reason}")]
pub struct WorldError {
    path: String,
    reason: String,
}

impl World {
    /// Loads the world in `folder`: all files of `exchanges/`, in the order of their names, and `settings.yaml` with options
    /// of the session, if it exists.
    ///
    /// A file contains exchanges separated by lines of `===`. An exchange is a line `scope METHOD path fields`, a line with
    /// the HTTP status, lines of headers, and the body. The request line of a local program has its arguments, `- rm -- x`,
    /// and that of a database its query; their status is the one that the client assigns, which only distinguishes success
    /// from failure. Exchanges with the same request line are used one after the other, and the last one repeatedly. A status
    /// of 0 stands for a broken connection.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or its content is malformed.
    pub fn load(folder: &Path) -> Result<Self, WorldError> {
        let fail = |path: &Path, reason: String| WorldError { path: path.display().to_string(), reason };
        let exchanges = folder.join("exchanges");
        let mut files: Vec<_> = match std::fs::read_dir(&exchanges) {
            Ok(entries) => entries.filter_map(Result::ok).map(|e| e.path()).collect(),
            // A world whose suites send no requests has no exchanges.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(fail(&exchanges, error.to_string())),
        };
        files.sort();
        let mut all = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(&file).map_err(|e| fail(&file, e.to_string()))?;
            for part in text.split("\n===\n") {
                let mut lines = part.trim_start().splitn(3, '\n');
                let (Some(question), Some(status)) = (lines.next(), lines.next()) else {
                    return Err(fail(&file, "an exchange is a question, a status and a body".into()));
                };
                let status = status.trim().parse().map_err(|_| fail(&file, format!("not a status: {status}")))?;
                let (headers, body) = headers(lines.next().unwrap_or_default().trim_end());
                all.push(Exchange { question: question.trim().to_owned(), status, headers, body });
            }
        }
        let path = folder.join("settings.yaml");
        let settings = match std::fs::read_to_string(&path) {
            Ok(text) => yaml_serde::from_str(&text).map_err(|e| fail(&path, e.to_string()))?,
            Err(_) => Settings::default(),
        };
        let used = Mutex::new(vec![0; all.len()]);
        Ok(Self { settings, exchanges: all, used })
    }

    /// The session options of this world.
    pub fn options(&self) -> SessionOptions {
        let Settings { page_limit, read_only, rollback, compat, ref analytics } = self.settings;
        let namespace = |a: &Analytics| {
            let namespace = CacheNamespace::new(&a.regex, &a.template, Duration::from_secs(a.ttl));
            namespace.expect("the settings of a world name tables")
        };
        let analytics = analytics.as_ref().map(namespace);
        // Status polls of a fake API need no delay between them.
        SessionOptions {
            page_limit,
            read_only,
            rollback,
            compat,
            analytics,
            await_pause: Duration::ZERO,
            ..SessionOptions::default()
        }
    }

    /// Compiles the definitions of the provider in `folder` from their source form. Documents of the registry are read from
    /// the directory `shared` and unpacked into `scratch`; the result is `None` if they are not in `shared`.
    ///
    /// # Errors
    ///
    /// The definitions cannot be read, unpacked or compiled.
    pub fn definitions(folder: &Path, shared: &Path, scratch: &Path) -> Result<Option<Providers>, WorldError> {
        let fail = |reason: String| WorldError { path: folder.display().to_string(), reason };
        if let Ok(text) = std::fs::read_to_string(folder.join("published.yaml")) {
            let Published { directory, version } = yaml_serde::from_str(&text).map_err(|e| fail(e.to_string()))?;
            return Self::published(&directory, &version, shared, scratch);
        }
        // A world's own documents define a provider that has the same name as the world's directory.
        let documents = folder.join("documents").join(folder.file_name().unwrap_or_default()).join("v1.0.0");
        if documents.is_dir() {
            let installed = DocumentProvider::open(&documents, None).map_err(|problem| fail(problem.to_string()))?;
            return Ok(Some(Providers::new(vec![(Box::new(installed), Origin::Documents("documents".to_owned()))])));
        }
        let Sources { models, overlays } = match std::fs::read_to_string(folder.join("sources.yaml")) {
            Ok(text) => yaml_serde::from_str(&text).map_err(|e| fail(e.to_string()))?,
            Err(_) => Sources { models: "models".into(), overlays: "overlays".into() },
        };
        let source = stackql_compile::aws(&folder.join(models), &[], &folder.join(overlays), false)
            .map_err(|e| fail(e.to_string()))?;
        let bytes = stackql_provider::write(&source, Compression::Fast).map_err(|e| fail(e.to_string()))?;
        let compiled = CompiledProvider::new(bytes).map_err(|e| fail(e.to_string()))?;
        Ok(Some(Providers::new(vec![(Box::new(compiled), Origin::Embedded)])))
    }

    fn published(
        directory: &str,
        version: &str,
        shared: &Path,
        scratch: &Path,
    ) -> Result<Option<Providers>, WorldError> {
        let Some(folder) = Self::unpacked(directory, version, shared, scratch)? else { return Ok(None) };
        let installed = DocumentProvider::open(&folder, None)
            .map_err(|problem| WorldError { path: folder.display().to_string(), reason: problem.to_string() })?;
        Ok(Some(Providers::new(vec![(Box::new(installed), Origin::Documents(directory.to_owned()))])))
    }

    /// Unpacks a version of the registry's documents in `shared` below `scratch`, and returns its directory; `None` if it is
    /// not in `shared`.
    ///
    /// # Errors
    ///
    /// The archive cannot be unpacked.
    pub fn unpacked(
        directory: &str,
        version: &str,
        shared: &Path,
        scratch: &Path,
    ) -> Result<Option<PathBuf>, WorldError> {
        let archive = shared.join(ARCHIVES).join(directory).join(format!("{version}.tgz"));
        let fail = |e: std::io::Error| WorldError { path: archive.display().to_string(), reason: e.to_string() };
        let Ok(file) = std::fs::File::open(&archive) else { return Ok(None) };
        let root = scratch.join("documents").join(directory);
        tar::Archive::new(GzDecoder::new(file)).unpack(&root).map_err(fail)?;
        Ok(Some(root.join(version)))
    }

    /// A world without exchanges, for sessions that send no requests.
    pub fn silent() -> Self {
        Self { settings: Settings::default(), exchanges: Vec::new(), used: Mutex::default() }
    }

    /// The request lines of exchanges that were not used.
    pub fn unused(&self) -> Vec<String> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.exchanges
            .iter()
            .zip(used.iter())
            .filter(|(_, used)| **used == 0)
            .map(|(e, _)| e.question.clone())
            .collect()
    }

    /// The next exchange with this request line; counts it as used.
    fn answer(&self, question: &str) -> Option<&Exchange> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let same = || self.exchanges.iter().enumerate().filter(|(_, e)| e.question == question).map(|(i, _)| i);
        let at = same().find(|&i| used[i] == 0).or_else(|| same().next_back())?;
        used[at] += 1;
        Some(&self.exchanges[at])
    }
}

#[async_trait]
impl Transport for World {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let scope = request.scope.as_deref().unwrap_or("-");
        let question = without_token(&format!("{scope} {}{}", address(request), request.summary()));
        let attempt = |status: Option<u16>, bytes: usize| Attempt {
            started: UNIX_EPOCH,
            waited: Duration::ZERO,
            duration: Duration::ZERO,
            url: "http://world/".to_owned(),
            status,
            bytes: bytes as u64,
            request_id: None,
            cached: false,
            error: None,
        };
        let fail = |kind, message| Err(TransportError { kind, message, attempts: vec![attempt(None, 0)] });
        match self.answer(&question) {
            None => fail(TransportErrorKind::Connect, format!("the world has no answer to: {question}")),
            Some(Exchange { status: 0, .. }) => {
                fail(TransportErrorKind::Broken, "the connection broke before the answer was complete".to_owned())
            }
            Some(exchange) => {
                let body = Bytes::from(exchange.body.clone());
                let attempts = vec![attempt(Some(exchange.status), body.len())];
                Ok(Response { status: exchange.status, headers: exchange.headers.clone(), body, attempts })
            }
        }
    }

    async fn default_scope(&self, _: &Provider, scope: &Scope) -> Result<String, TransportError> {
        Ok(scope.default.clone().unwrap_or_default())
    }
}

/// The base URL and a space, if the request has a URL of its own or the endpoint template has variables other than a scope;
/// else empty.
fn address(request: &Request) -> String {
    let endpoints = &request.operation.service.endpoints;
    let template =
        endpoints.partitions.first().and_then(|p| p.templates.first()).map(|(_, template)| template.as_str());
    match (&request.url, template) {
        (Some(url), _) => format!("{url} "),
        (None, Some(template)) if endpoints.scope.is_none() && template.contains('{') => {
            request.address(template).map_or_else(|e| format!("<{e}> "), |address| format!("{address} "))
        }
        _ => String::new(),
    }
}

/// Splits the text of a response into its headers, with lower-case names, and its body. An empty line between them is
/// optional.
fn headers(text: &str) -> (Vec<(String, String)>, String) {
    let mut headers = Vec::new();
    let mut rest = text;
    while let Some((name, value)) = rest.lines().next().and_then(|line| line.split_once(": "))
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    {
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    (headers, rest.strip_prefix('\n').unwrap_or(rest).to_owned())
}

/// The request line with the idempotency token replaced by `<token>`, because its value differs each time.
fn without_token(question: &str) -> String {
    let Some(at) = question.find("ClientToken=") else { return question.to_owned() };
    let start = at + "ClientToken=".len();
    let end = question[start..].find('&').map_or(question.len(), |e| start + e);
    format!("{}<token>{}", &question[..start], &question[end..])
}
