//! A pretended API: what it is asked, word for word, and what it answers. Anything else asked is an error.

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

/// Where the registry's archives are in the folder that is kept beside the project.
const ARCHIVES: &str = "registry/providers/dist";

/// The exchanges of one pretended API.
#[derive(Debug)]
pub struct World {
    settings: Settings,
    exchanges: Vec<Exchange>,
    /// How often each was used.
    used: Mutex<Vec<usize>>,
}

/// `settings.yaml` of a world: what its session does otherwise than by default.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    page_limit: Option<usize>,
    read_only: bool,
    rollback: RollbackMode,
    compat: bool,
    analytics: Option<Analytics>,
}

/// Tables whose answers are kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Analytics {
    ttl: u64,
    regex: String,
    template: String,
}

/// One question and its answer.
#[derive(Debug)]
struct Exchange {
    /// `scope METHOD path fields`, or what stands for it in `system.calls`; an idempotency token is written `<token>`.
    question: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// `published.yaml` of a world's definitions: which of the registry's documents they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    directory: String,
    version: String,
}

/// `sources.yaml` of a world's definitions: where its models and overlays are, from its own folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    models: PathBuf,
    overlays: PathBuf,
}

/// Why a world cannot be made.
#[derive(Debug, Error)]
#[error("{path}: {reason}")]
pub struct WorldError {
    path: String,
    reason: String,
}

impl World {
    /// Reads the world in `folder`: `exchanges/*.http`, in the order of their names.
    ///
    /// A file holds exchanges separated by lines of `===`; each is a line `scope METHOD path fields`, a line with the
    /// status, lines of headers, and the body. A program is asked by its words, `- rm -- x`, and a database by its query;
    /// their answers have the status that a client gives them, which only tells good ones from others. Exchanges with
    /// the same question answer in turn, the last one for good. A status of 0 is a connection that breaks.
    /// `settings.yaml` may hold options of the session.
    pub fn load(folder: &Path) -> Result<Self, WorldError> {
        let fail = |path: &Path, reason: String| WorldError { path: path.display().to_string(), reason };
        let exchanges = folder.join("exchanges");
        let mut files: Vec<_> = match std::fs::read_dir(&exchanges) {
            Ok(entries) => entries.filter_map(Result::ok).map(|e| e.path()).collect(),
            // A suite that must send nothing has no exchanges.
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

    /// The options of a session in this world.
    pub fn options(&self) -> SessionOptions {
        let Settings { page_limit, read_only, rollback, compat, ref analytics } = self.settings;
        let namespace = |a: &Analytics| {
            let namespace = CacheNamespace::new(&a.regex, &a.template, Duration::from_secs(a.ttl));
            namespace.expect("the settings of a world name tables")
        };
        let analytics = analytics.as_ref().map(namespace);
        // Nothing becomes of waiting here but time.
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

    /// The definitions of the providers in `folder`, compiled from their source form; `None` where they are documents
    /// of the registry kept in `shared`, and that is not there. `scratch` is a folder to unpack into.
    pub fn definitions(folder: &Path, shared: &Path, scratch: &Path) -> Result<Option<Providers>, WorldError> {
        let fail = |reason: String| WorldError { path: folder.display().to_string(), reason };
        if let Ok(text) = std::fs::read_to_string(folder.join("published.yaml")) {
            let Published { directory, version } = yaml_serde::from_str(&text).map_err(|e| fail(e.to_string()))?;
            return Self::published(&directory, &version, shared, scratch);
        }
        // Documents of a world's own are of a provider that is called as the world is.
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

    /// The folder of a version of the registry's documents kept in `shared`, unpacked below `scratch`; `None` where
    /// they are not there.
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

    /// A world that is never asked anything.
    pub fn silent() -> Self {
        Self { settings: Settings::default(), exchanges: Vec::new(), used: Mutex::default() }
    }

    /// The questions that nobody asked.
    pub fn unused(&self) -> Vec<String> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.exchanges
            .iter()
            .zip(used.iter())
            .filter(|(_, used)| **used == 0)
            .map(|(e, _)| e.question.clone())
            .collect()
    }

    /// The exchange that is next for this question.
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

/// The address in front of the path where the definitions leave some of it to the statement, and a blank.
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

/// The headers in front of a body, in lower case, and the body; an empty line may part them.
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

/// A question with its idempotency token, which is another each time, replaced.
fn without_token(question: &str) -> String {
    let Some(at) = question.find("ClientToken=") else { return question.to_owned() };
    let start = at + "ClientToken=".len();
    let end = question[start..].find('&').map_or(question.len(), |e| start + e);
    format!("{}<token>{}", &question[..start], &question[end..])
}
