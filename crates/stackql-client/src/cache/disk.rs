//! The folder of answers: `<provider>/<service>/`, a file an answer, and a file `writes` whose text is another after
//! each write. Owns names, rights and how much there may be; files that are not its own it leaves alone.
//!
//! The name of an answer's file depends on that text as it was when the answer was asked for, so that one that a write
//! overtook is never found, whichever process put it there.

use std::fs::{self, DirBuilder, DirEntry, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::entry::CachedResponse;
use super::entry_format;
use super::transport::ServiceKey;

/// The file that tells of writes.
const WRITES: &str = "writes";
/// The extension of an answer's file.
const ANSWER: &str = "answer";
/// The extension of a file that is not whole yet.
const PART: &str = "part";

/// A folder of answers.
#[derive(Debug)]
pub(crate) struct DiskCache {
    folder: PathBuf,
    /// How many bytes there may be.
    most: u64,
    /// How many there are; what others put there since it was last counted is not in it.
    total: Mutex<Option<u64>>,
    /// It failed, and nothing is kept there any more.
    is_off: AtomicBool,
}

impl DiskCache {
    pub(crate) fn new(folder: PathBuf, most: u64) -> Self {
        Self { folder, most, total: Mutex::default(), is_off: AtomicBool::default() }
    }

    /// A text that is another after each write to a service. The service's folder is made, since whoever writes tells
    /// of it only where there is one.
    pub(crate) fn writes(&self, service: &ServiceKey) -> Vec<u8> {
        let folder = self.service_folder(service);
        let found = match fs::read(folder.join(WRITES)) {
            Err(error) if error.kind() == ErrorKind::NotFound => make(&folder).map(|()| Vec::new()),
            other => other,
        };
        self.unless_failed(found).unwrap_or_default()
    }

    /// The answer of this name. A file that cannot be read as one is removed.
    pub(crate) fn load(&self, service: &ServiceKey, name: &str) -> Option<CachedResponse> {
        if self.is_off.load(Ordering::Relaxed) {
            return None;
        }
        let path = self.answer(service, name);
        let kept = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            read => read.ok().and_then(|bytes| entry_format::decode_entry(&bytes.into())),
        };
        if kept.is_none() {
            self.unless_failed(remove(&path));
        }
        kept
    }

    /// Keeps an answer under a name, in place of what was there.
    pub(crate) fn store(&self, service: &ServiceKey, name: &str, kept: &CachedResponse) {
        if self.is_off.load(Ordering::Relaxed) {
            return;
        }
        let stored = entry_format::encode(kept).and_then(|bytes| {
            put(&self.answer(service, name), &bytes)?;
            self.make_room(bytes.len() as u64)
        });
        self.unless_failed(stored);
    }

    /// Drops the answers of a service, and tells of a write, also where nothing is kept any more: others may.
    pub(crate) fn invalidate(&self, service: &ServiceKey) {
        let folder = self.service_folder(service);
        if !folder.exists() {
            return;
        }
        let told = put(&folder.join(WRITES), unique().as_bytes());
        // Those are not found any more, unless it could not be told.
        let removed = answers(&folder).and_then(|all| all.iter().try_for_each(|path| remove(path)));
        self.unless_failed(told.and(removed));
    }

    /// Drops the answers of all services. What is on its way to be kept is not found either.
    pub(crate) fn purge(&self) -> io::Result<()> {
        for provider in folders(&self.folder)? {
            for service in folders(&provider)? {
                put(&service.join(WRITES), unique().as_bytes())?;
                answers(&service)?.iter().try_for_each(|path| remove(path))?;
            }
        }
        *self.total.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// Removes the oldest answers where there are too many bytes; `added` are new.
    fn make_room(&self, added: u64) -> io::Result<()> {
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = *total
            && known + added <= self.most
        {
            *total = Some(known + added);
            return Ok(());
        }
        let mut files = Vec::new();
        for provider in folders(&self.folder)? {
            for service in folders(&provider)? {
                // What is gone meanwhile takes no room.
                files.extend(answers(&service)?.into_iter().filter_map(|path| Some((path.metadata().ok()?, path))));
            }
        }
        files.sort_by_cached_key(|(file, _)| file.modified().unwrap_or(SystemTime::UNIX_EPOCH));
        let mut left: u64 = files.iter().map(|(file, _)| file.len()).sum();
        // Some more than needed, so that it is not counted each time.
        let enough = if left > self.most { self.most / 8 * 7 } else { self.most };
        for (file, path) in &files {
            if left <= enough {
                break;
            }
            remove(path)?;
            left -= file.len();
        }
        *total = Some(left);
        Ok(())
    }

    fn service_folder(&self, service: &ServiceKey) -> PathBuf {
        self.folder.join(plain(&service.provider)).join(plain(&service.name))
    }

    fn answer(&self, service: &ServiceKey, name: &str) -> PathBuf {
        self.service_folder(service).join(name).with_extension(ANSWER)
    }

    /// The result of something done here; nothing is kept here any more once that failed.
    fn unless_failed<T>(&self, done: io::Result<T>) -> Option<T> {
        match done {
            Ok(done) => Some(done),
            Err(error) => {
                if !self.is_off.swap(true, Ordering::Relaxed) {
                    let folder = self.folder.display();
                    tracing::warn!(%folder, %error, "answers cannot be kept in this folder, nor dropped; clear it, or make it one that can be written");
                }
                None
            }
        }
    }
}

/// A name as that of a folder below another: neither a path nor hidden, and none of the names that lead elsewhere.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    // File systems take no longer names than 255 bytes. No device is called like that.
    name.chars().map(plain).take(100).chain(['_']).collect()
}

/// A text that there was never before.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}-{:x}", since.as_nanos(), std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn entries(of: &Path) -> io::Result<Vec<DirEntry>> {
    match fs::read_dir(of) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.collect(),
    }
}

fn folders(of: &Path) -> io::Result<Vec<PathBuf>> {
    let is_folder = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    Ok(entries(of)?.into_iter().filter(is_folder).map(|entry| entry.path()).collect())
}

/// The answers in a service's folder, those that are not whole among them.
fn answers(of: &Path) -> io::Result<Vec<PathBuf>> {
    let is_own = |entry: &DirEntry| {
        let name = entry.file_name();
        let (name, end) = name.to_str().and_then(|name| name.split_once('.')).unwrap_or_default();
        let is_digest = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_digest || name == WRITES) && (end == ANSWER || end.ends_with(PART))
    };
    Ok(entries(of)?.into_iter().filter(is_own).map(|entry| entry.path()).collect())
}

/// Makes a folder that is nobody else's to read.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file whole or not at all, for nobody else to read. Its folder may have been removed meanwhile.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    path.parent().map_or(Ok(()), make)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let part = path.with_extension(format!("{}.{PART}", unique()));
    let written = options.open(&part).and_then(|mut file| file.write_all(bytes)).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // It is the first failure that is told.
        let _ = remove(&part);
    }
    written
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
