//! Transaction journals: one JSON Lines file each, below `--approot`. Statements may hold secrets, so only the owner
//! may read the files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use stackql_engine::{
    Journal, JournalEntry, JournalError, RecoveredTransaction, TransactionEnd, TransactionHistory, TransactionLog,
};

/// Directory of the journals, below `--approot`.
const FOLDER: &str = "transactions";

/// The directory of journals.
#[derive(Debug, Clone)]
pub(crate) struct JournalDir {
    folder: PathBuf,
}

/// A transaction as read from its journal.
#[derive(Debug)]
pub(crate) struct TransactionSummary {
    pub(crate) id: String,
    /// Start time in RFC 3339 format.
    pub(crate) began: String,
    pub(crate) state: &'static str,
    pub(crate) history: TransactionHistory,
}

/// A line of a journal.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    at: DateTime<Utc>,
    #[serde(flatten)]
    entry: JournalEntry,
}

/// A journal that this process writes and holds locked.
#[derive(Debug)]
struct JournalFile {
    id: String,
    path: PathBuf,
    file: File,
}

impl JournalDir {
    pub(crate) fn below(approot: &Path) -> Self {
        Self { folder: approot.join(FOLDER) }
    }

    /// All transactions in order of their start, and the errors of journals that cannot be read.
    pub(crate) fn all(&self) -> Result<(Vec<TransactionSummary>, Vec<JournalError>), JournalError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
            Err(error) => return Err(unusable("read", &self.folder, &error)),
        };
        let (mut all, mut lost) = (Vec::new(), Vec::new());
        for entry in entries {
            let path = entry.map_err(|e| unusable("read", &self.folder, &e))?.path();
            match summarize(&path) {
                Ok(told) => all.extend(told),
                Err(error) => lost.push(error),
            }
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok((all, lost))
    }

    /// Opens a transaction to resume or undo it. The journal stays locked until the result is dropped, which keeps
    /// other processes out.
    pub(crate) fn open_for_recovery(&self, id: &str) -> Result<RecoveredTransaction, JournalError> {
        let unknown = || JournalError(format!("there is no transaction {id}; stackql txn list tells which there are"));
        if !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(unknown());
        }
        let path = self.folder.join(format!("{id}.jsonl"));
        let opened = OpenOptions::new().read(true).write(true).open(&path);
        let mut file = opened.map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => unknown(),
            _ => unusable("open", &path, &e),
        })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError(format!("transaction {id} is run by another process; wait for its end")));
            }
            Err(TryLockError::Error(error)) => return Err(unusable("lock", &path, &error)),
        }
        let (lines, whole) = read(&mut file, &path)?;
        if lines.is_empty() {
            return Err(unknown());
        }
        let history = history(&path, &lines)?;
        let cut = file.set_len(whole).and_then(|()| file.seek(SeekFrom::Start(whole)));
        cut.map_err(|e| unusable("write", &path, &e))?;
        Ok(RecoveredTransaction { history, log: Box::new(JournalFile { id: id.to_owned(), path, file }) })
    }
}

impl Journal for JournalDir {
    fn begin(&self) -> Result<Box<dyn TransactionLog>, JournalError> {
        let failed = |e: io::Error| unusable("write", &self.folder, &e);
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let mut now = Utc::now();
        loop {
            let id = now.format("%Y%m%d-%H%M%S-%3f").to_string();
            let path = self.folder.join(format!("{id}.jsonl"));
            let mut options = OpenOptions::new();
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.create_new(true).write(true).open(&path) {
                Ok(file) => {
                    file.lock().map_err(|e| unusable("lock", &path, &e))?;
                    // The directory must be synced, too, because it holds the entry of the new file.
                    #[cfg(unix)]
                    File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
                    return Ok(Box::new(JournalFile { id, path, file }));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    now += chrono::TimeDelta::milliseconds(1);
                }
                Err(error) => return Err(unusable("write", &path, &error)),
            }
        }
    }
}

impl TransactionLog for JournalFile {
    fn id(&self) -> &str {
        &self.id
    }

    fn append(&mut self, entries: &[JournalEntry]) -> Result<(), JournalError> {
        let at = Utc::now();
        let mut text = Vec::new();
        for entry in entries {
            let line = Line { at, entry: entry.clone() };
            serde_json::to_writer(&mut text, &line)
                .map_err(|e| JournalError(format!("cannot write {}: {e}", self.path.display())))?;
            text.push(b'\n');
        }
        let written = self.file.write_all(&text).and_then(|()| self.file.sync_data());
        written.map_err(|e| unusable("write", &self.path, &e))
    }
}

/// Reads the transaction of a journal file; `None` if it is no journal or has no complete line yet.
fn summarize(path: &Path) -> Result<Option<TransactionSummary>, JournalError> {
    let Some(id) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jsonl")) else { return Ok(None) };
    let mut file = File::open(path).map_err(|e| unusable("read", path, &e))?;
    // The process that runs a transaction holds a lock on its journal.
    let runs = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let lines = read(&mut file, path)?.0;
    let Some(first) = lines.first() else { return Ok(None) };
    let began = first.at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let history = history(path, &lines)?;
    Ok(Some(TransactionSummary { id: id.to_owned(), began, state: state(&history, runs), history }))
}

/// Reads the lines of a journal and the length of the complete ones. A crash of the writer may leave the last one
/// incomplete.
fn read(file: &mut File, path: &Path) -> Result<(Vec<Line>, u64), JournalError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|e| unusable("read", path, &e))?;
    let (mut lines, mut whole) = (Vec::new(), 0);
    for (at, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        match serde_json::from_slice(text) {
            Ok(line) if text.ends_with(b"\n") => lines.push(line),
            _ if whole + text.len() == bytes.len() => break,
            Ok(_) => break,
            Err(error) => {
                let (path, line) = (path.display(), at + 1);
                return Err(JournalError(format!("{path}, line {line}, is no entry of a journal: {error}")));
            }
        }
        whole += text.len();
    }
    Ok((lines, whole as u64))
}

fn history(path: &Path, lines: &[Line]) -> Result<TransactionHistory, JournalError> {
    let entries: Vec<JournalEntry> = lines.iter().map(|line| line.entry.clone()).collect();
    TransactionHistory::from_entries(&entries)
        .map_err(|JournalError(why)| JournalError(format!("{}: {why}", path.display())))
}

fn state(history: &TransactionHistory, runs: bool) -> &'static str {
    match history.end {
        _ if runs => "running",
        Some(TransactionEnd::RolledBack) => "rolled back",
        _ if history.is_being_undone() => "rolled back in part",
        Some(TransactionEnd::RolledBackInPart) => "rolled back in part",
        None => "stopped",
        Some(TransactionEnd::Committed) => "committed",
        Some(TransactionEnd::Abandoned) => "abandoned",
    }
}

fn unusable(act: &str, path: &Path, error: &io::Error) -> JournalError {
    JournalError(format!("cannot {act} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
