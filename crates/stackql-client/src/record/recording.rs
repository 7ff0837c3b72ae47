//! Recording of exchanges with providers: [`RecordingTransport`] writes them to files, and
//! [`ReplayTransport`](super::replay::ReplayTransport) serves responses from these.
//!
//! A folder holds one file per exchange, `<service>.<operation>-<hash>-<number>.http`: the request, a line `### answer` or
//! `### error`, and the result. The hash is that of the request, and the number counts its repetitions. A file `scopes` has the
//! default values of scopes that statements did not name. Files contain no times, no credentials and no other secrets that the
//! redactor knows by their names ([`stackql_call::Redactor`]). Equal responses therefore make equal files, which may be
//! committed and shared.
//!
//! Only the final result of a request is recorded, not its attempts.

use crate::record::exchange;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use stackql_call::{Request, Response, Transport, TransportError, TransportErrorKind};
use stackql_provider::{Provider, Scope};
use thiserror::Error;

/// The name of the file of default scopes.
const SCOPES: &str = "scopes";
/// The extension of the file of an exchange.
pub(crate) const EXCHANGE: &str = "http";

/// A transport decorator that writes each request with its result to a file.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use stackql_client::{Client, RecordingTransport, ReplayTransport, Settings};
/// let client = Arc::new(Client::new(Settings::default())?);
/// let recording = RecordingTransport::new(client, "recorded")?;
/// // Statements run over `recording`; later, without a network:
/// let replaying = ReplayTransport::open("recorded")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecordingTransport {
    inner: Arc<dyn Transport>,
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The number of times that each request was sent, by the stem of its files.
    asked: HashMap<String, u32>,
    scopes: BTreeMap<String, String>,
}

/// Why exchanges cannot be recorded or replayed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// A file or folder cannot be written.
    #[error("cannot write {path}: {reason}; name a folder that can be written")]
    Unwritable {
        /// The file or folder.
        path: String,
        /// The reason.
        reason: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {reason}; name a folder that was recorded")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// The reason.
        reason: String,
    },
    /// A file is not a recording.
    #[error("{path} is no recording: {reason}; mend the file, take it away, or record again")]
    Malformed {
        /// The file.
        path: String,
        /// The reason.
        reason: String,
    },
}

impl RecordingError {
    pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> Self {
        Self::Unwritable { path: path.display().to_string(), reason: error.to_string() }
    }

    pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self::Unreadable { path: path.display().to_string(), reason: error.to_string() }
    }

    pub(crate) fn malformed(path: &Path, reason: impl Into<String>) -> Self {
        Self::Malformed { path: path.display().to_string(), reason: reason.into() }
    }
}

impl RecordingTransport {
    /// Records the requests to `inner` in `folder`, which is created if it is missing. Earlier recordings in it stay, except
    /// those of requests that are sent again.
    ///
    /// # Errors
    ///
    /// The folder cannot be created, or its recorded scopes cannot be read.
    pub fn new(inner: Arc<dyn Transport>, folder: impl Into<PathBuf>) -> Result<Self, RecordingError> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder).map_err(|e| RecordingError::unwritable(&folder, &e))?;
        let state = State { asked: HashMap::new(), scopes: scopes(&folder)? };
        Ok(Self { inner, folder, state: Mutex::new(state) })
    }

    fn keep(&self, request: &Request, result: &Result<Response, TransportError>) -> Result<(), RecordingError> {
        let question = exchange::question(request);
        let stem = stem(request, &question);
        let path = |number: u32| self.folder.join(format!("{stem}-{number:03}.{EXCHANGE}"));
        let number = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let asked = state.asked.entry(stem.clone()).or_default();
            *asked += 1;
            if *asked == 1 {
                // Repetitions recorded by an earlier run would be replayed as results of this run.
                let mut later = (2..).map(path).take_while(|path| path.exists());
                later.try_for_each(|p| std::fs::remove_file(&p).map_err(|e| RecordingError::unwritable(&p, &e)))?;
            }
            *asked
        };
        write(&path(number), exchange::file(&question, request, result).as_bytes())
    }

    fn keep_scope(&self, name: String, value: &str) -> Result<(), RecordingError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.scopes.insert(name, value.to_owned());
        let lines: String = state.scopes.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
        write(&self.folder.join(SCOPES), lines.as_bytes())
    }
}

#[async_trait]
impl Transport for RecordingTransport {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let result = self.inner.send(request).await;
        match self.keep(request, &result) {
            Ok(()) => result,
            Err(error) => Err(to_transport_error(&error)),
        }
    }

    async fn default_scope(&self, provider: &Provider, scope: &Scope) -> Result<String, TransportError> {
        let value = self.inner.default_scope(provider, scope).await?;
        self.keep_scope(scope_name(provider, scope), &value).map_err(|e| to_transport_error(&e))?;
        Ok(value)
    }
}

fn to_transport_error(error: &RecordingError) -> TransportError {
    TransportError { kind: TransportErrorKind::Configuration, message: error.to_string(), attempts: Vec::new() }
}

pub(crate) fn scope_name(provider: &Provider, scope: &Scope) -> String {
    format!("{}.{}", provider.name, scope.name)
}

/// The stem of the files of a request, without the number.
fn stem(request: &Request, question: &str) -> String {
    let hash = digest(&SHA256, question.as_bytes());
    let hash: String = hash.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let operation = &request.operation;
    let name = format!("{}.{}", operation.service.name, operation.method().operation);
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '_' };
    // File systems limit names to 255 bytes.
    let name: String = name.chars().map(plain).take(100).collect();
    format!("{name}-{hash}")
}

/// Reads the default scopes that were recorded in `folder`.
pub(crate) fn scopes(folder: &Path) -> Result<BTreeMap<String, String>, RecordingError> {
    let path = folder.join(SCOPES);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(RecordingError::unreadable(&path, &error)),
    };
    let pair = |line: &str| line.split_once(" = ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let wrong = |line: &str| RecordingError::malformed(&path, format!("'{line}' is not of the form name = value"));
    text.lines().map(|line| pair(line).ok_or_else(|| wrong(line))).collect()
}

/// Writes a file atomically, by a temporary file next to it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), RecordingError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|e| RecordingError::unwritable(path, &e))
}

#[cfg(test)]
mod tests;
