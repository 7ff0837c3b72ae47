//! A pretended API: what it is asked, word for word, and what it answers. Anything else asked is an error.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use stackql_call::{Attempt, Request, Response, Transport, TransportError, TransportErrorKind};
use stackql_engine::SessionOptions;
use stackql_provider::{CompiledProvider, Origin, Provider, Providers, Scope};
use thiserror::Error;

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
}

/// One question and its answer.
#[derive(Debug)]
struct Exchange {
    /// `scope METHOD path fields`; an idempotency token is written `<token>`.
    question: String,
    status: u16,
    body: String,
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
    /// status, and the body. Exchanges with the same question answer in turn, the last one for good. A status of 0 is
    /// a connection that breaks. `settings.yaml` may hold options of the session.
    pub fn read(folder: &Path) -> Result<Self, WorldError> {
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
                let body = lines.next().unwrap_or_default().trim_end().to_owned();
                all.push(Exchange { question: question.trim().to_owned(), status, body });
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
        let Settings { page_limit, read_only } = self.settings;
        SessionOptions { page_limit, read_only, ..SessionOptions::default() }
    }

    /// The definitions of the providers in `folder`, compiled from their source form.
    pub fn definitions(folder: &Path) -> Result<Providers, WorldError> {
        let fail = |reason: String| WorldError { path: folder.display().to_string(), reason };
        let overlays = folder.join("overlays");
        let source =
            stackql_compile::aws(&folder.join("models"), &[], &overlays, false).map_err(|e| fail(e.to_string()))?;
        let bytes = stackql_provider::write(&source).map_err(|e| fail(e.to_string()))?;
        let compiled = CompiledProvider::new(bytes).map_err(|e| fail(e.to_string()))?;
        Ok(Providers::new(vec![(Box::new(compiled), Origin::Embedded)]))
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
        let question = without_token(&format!("{scope} {}", request.summary()));
        let attempt = |status: Option<u16>, bytes: usize| Attempt {
            started: UNIX_EPOCH,
            duration: Duration::ZERO,
            url: "http://world/".to_owned(),
            status,
            bytes: bytes as u64,
            request_id: None,
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
                Ok(Response { status: exchange.status, headers: Vec::new(), body, attempts })
            }
        }
    }

    async fn default_scope(&self, _: &Provider, scope: &Scope) -> Result<String, TransportError> {
        Ok(scope.default.clone().unwrap_or_default())
    }
}

/// A question with its idempotency token, which is another each time, replaced.
fn without_token(question: &str) -> String {
    let Some(at) = question.find("ClientToken=") else { return question.to_owned() };
    let start = at + "ClientToken=".len();
    let end = question[start..].find('&').map_or(question.len(), |e| start + e);
    format!("{}<token>{}", &question[..start], &question[end..])
}
