//! The response cache on disk: a folder `<provider>/<service>/` per service, with one file per cache entry and a file `writes`,
//! whose text changes with each write to the service. Owns the names, permissions and total size of the files; files of other
//! origin are left alone. Called by the caching transport.
//!
//! The name of an entry's file depends on that text at the time of the request, so an entry whose request was overtaken by a
//! write is never found, whichever process stored it.

use std::fs::{self, DirBuilder, DirEntry, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::entry::CachedResponse;
use super::entry_format;
use super::transport::ServiceKey;

/// The name of the file whose text changes with each write.
const WRITES: &str = "writes";
/// The extension of the file of a cache entry.
const ANSWER: &str = "answer";
/// The extension of a file that is still being written.
const PART: &str = "part";

/// A cache folder, which several processes may share.
#[derive(Debug)]
pub(crate) struct DiskCache {
    folder: PathBuf,
    /// The maximum total size of the entries, in bytes.
    most: u64,
    /// The total size in bytes, without entries that other processes stored since it was last counted; `None` before the
    /// first count.
    total: Mutex<Option<u64>>,
    /// Whether an operation failed, so that the folder is no longer used for entries.
    is_off: AtomicBool,
}

impl DiskCache {
    pub(crate) fn new(folder: PathBuf, most: u64) -> Self {
        Self { folder, most, total: Mutex::default(), is_off: AtomicBool::default() }
    }

    /// The text of the `writes` file, which changes with each write to the service. Creates the service's folder, since
    /// [`Self::invalidate`] updates the file only if the folder exists.
    pub(crate) fn writes(&self, service: &ServiceKey) -> Vec<u8> {
        let folder = self.service_folder(service);
        let found = match fs::read(folder.join(WRITES)) {
            Err(error) if error.kind() == ErrorKind::NotFound => make(&folder).map(|()| Vec::new()),
            other => other,
        };
        self.unless_failed(found).unwrap_or_default()
    }

    /// Loads the entry of this name. A file that cannot be read or decoded is removed.
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

    /// Stores an entry under a name and replaces an earlier one.
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

    /// Invalidates the entries of a service: changes its `writes` file and removes the entries, even if this process no longer
    /// uses the folder, since other processes may.
    pub(crate) fn invalidate(&self, service: &ServiceKey) {
        let folder = self.service_folder(service);
        if !folder.exists() {
            return;
        }
        let told = put(&folder.join(WRITES), unique().as_bytes());
        // The new text of `writes` already hides these entries; their removal matters only if it could not be written.
        let removed = answers(&folder).and_then(|all| all.iter().try_for_each(|path| remove(path)));
        self.unless_failed(told.and(removed));
    }

    /// Removes the entries of all services. Entries of requests that are still in flight will not be found either.
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

    /// Evicts the oldest entries if the total size exceeds the maximum; `added` is the size of the new entry in bytes.
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
                // A file that another process removed meanwhile has no size.
                files.extend(answers(&service)?.into_iter().filter_map(|path| Some((path.metadata().ok()?, path))));
            }
        }
        files.sort_by_cached_key(|(file, _)| file.modified().unwrap_or(SystemTime::UNIX_EPOCH));
        let mut left: u64 = files.iter().map(|(file, _)| file.len()).sum();
        // Evicts more than necessary, so that the files are not counted at each store.
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

    /// The result of an operation on the folder. The first failure is logged and turns the folder off.
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

/// Escapes a name for use as a folder name: it is no path, not hidden, and neither `.` nor `..`.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    // File systems limit names to 255 bytes. The trailing `_` avoids reserved device names.
    name.chars().map(plain).take(100).chain(['_']).collect()
}

/// A text that is unique across processes and time.
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

/// The entry files in a service's folder, including those that are still being written.
fn answers(of: &Path) -> io::Result<Vec<PathBuf>> {
    let is_own = |entry: &DirEntry| {
        let name = entry.file_name();
        let (name, end) = name.to_str().and_then(|name| name.split_once('.')).unwrap_or_default();
        let is_digest = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_digest || name == WRITES) && (end == ANSWER || end.ends_with(PART))
    };
    Ok(entries(of)?.into_iter().filter(is_own).map(|entry| entry.path()).collect())
}

/// Creates a folder that only its owner may access.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file atomically, with permissions for its owner only. Creates its folder, which may have been removed meanwhile.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    path.parent().map_or(Ok(()), make)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let part = path.with_extension(format!("{}.{PART}", unique()));
    let written = options.open(&part).and_then(|mut file| file.write_all(bytes)).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // The error of the write is returned, not that of the clean-up.
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
