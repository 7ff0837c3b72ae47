//! Replay of a recording: a transport that serves responses from a recorded folder. Opens no connection and reads no
//! credentials.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use stackql_call::TransportErrorKind::{Configuration, Credentials, Throttled};
use stackql_call::{Request, Response, Transport, TransportError};
use stackql_provider::{Provider, Scope};

use super::exchange::{parsed, question};
use super::recording::{EXCHANGE, RecordingError, scope_name, scopes};
use crate::http::client::{AttemptFailure, attempt};

/// A transport that replays the recording of a [`RecordingTransport`](super::recording::RecordingTransport). Repetitions of a
/// request get the recorded results in their order, and after these the last one again. Attempts start in 1970 and take no
/// time, so that all output is reproducible.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use stackql_call::Transport;
/// # use stackql_client::ReplayTransport;
/// let transport: Arc<dyn Transport> = Arc::new(ReplayTransport::open("recorded")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ReplayTransport {
    folder: PathBuf,
    exchanges: HashMap<String, Vec<Result<Response, AttemptFailure>>>,
    scopes: BTreeMap<String, String>,
    /// The number of times that each request was sent.
    asked: Mutex<HashMap<String, usize>>,
}

impl ReplayTransport {
    /// Opens a recording and reads all files of `folder`.
    ///
    /// # Errors
    ///
    /// The folder or a file cannot be read, or a file is not a recording.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, RecordingError> {
        let folder = folder.into();
        let unreadable = |e: std::io::Error| RecordingError::unreadable(&folder, &e);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == EXCHANGE) {
                files.push(path);
            }
        }
        files.sort_by_cached_key(|path| numbered(path));
        let mut exchanges: HashMap<_, Vec<_>> = HashMap::new();
        for path in files {
            let text = std::fs::read_to_string(&path).map_err(|e| RecordingError::unreadable(&path, &e))?;
            let (question, ending) = parsed(&text).map_err(|reason| RecordingError::malformed(&path, reason))?;
            exchanges.entry(question).or_default().push(ending);
        }
        let scopes = scopes(&folder)?;
        Ok(Self { folder, exchanges, scopes, asked: Mutex::default() })
    }

    fn unknown(&self, what: &str) -> TransportError {
        let folder = self.folder.display();
        let message = format!("{folder} has no recording of {what}; record it with --record {folder}");
        TransportError { kind: Configuration, message, attempts: Vec::new() }
    }
}

#[async_trait]
impl Transport for ReplayTransport {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let question = question(request);
        let Some(endings) = self.exchanges.get(&question) else {
            let masks = request.operation.redactor();
            let scope = request.scope.as_ref().map(|scope| format!(" in {scope}")).unwrap_or_default();
            let what = format!(
                "{}{scope}: {}",
                request.operation.qualified_name(),
                masks.redact_request(&request.redacted_summary())
            );
            return Err(self.unknown(&what));
        };
        let turn = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let asked = asked.entry(question).or_default();
            *asked += 1;
            *asked
        };
        let ending = endings[turn.min(endings.len()) - 1].clone();
        let attempts = match &ending {
            // These failures occur before a request is sent.
            Err((Credentials | Configuration | Throttled, _)) => Vec::new(),
            _ => {
                let url = format!("http://replay{}", request.path);
                vec![attempt(UNIX_EPOCH, Duration::ZERO, Duration::ZERO, url, &ending)]
            }
        };
        match ending {
            Ok(response) => Ok(Response { attempts, ..response }),
            Err((kind, message)) => Err(TransportError { kind, message, attempts }),
        }
    }

    async fn default_scope(&self, provider: &Provider, scope: &Scope) -> Result<String, TransportError> {
        let name = scope_name(provider, scope);
        self.scopes.get(&name).cloned().ok_or_else(|| self.unknown(&format!("the default of the scope {name}")))
    }
}

/// Splits the stem of a file into its name and its number.
fn numbered(path: &Path) -> (String, u32) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    match stem.rsplit_once('-').and_then(|(name, number)| Some((name, number.parse().ok()?))) {
        Some((name, number)) => (name.to_owned(), number),
        None => (stem.into_owned(), 0),
    }
}
