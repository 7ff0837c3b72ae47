//! The install folder of a provider: installs a version so that a complete one always remains. If the process is killed during
//! an install, the next lock of the folder restores a consistent state.
//!
//! Everything except a version's folder has a hidden name: the lock file, partial downloads, and the folders of versions that
//! are being unpacked or removed. A process that acquires the lock removes the leftovers of a process that was killed while
//! it held the lock.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use stackql_provider::RegistryError;

use super::index;

const LOCK: &str = ".lock";
/// The suffix of a version's old folder while a new one of the same name replaces it in two renames.
const REPLACED: &str = ".replaced";
const REMOVED: &str = ".removed";
const UNPACKED: &str = ".new";
const PART: &str = ".tgz.part";
const VALIDATOR: &str = ".tgz.validator";

/// The locked install folder of a provider; no other process changes it. Clones share the lock.
#[derive(Debug, Clone)]
pub(crate) struct InstallDir {
    path: PathBuf,
    _lock: Arc<fs::File>,
}

/// A partial download, which a later attempt may resume.
#[derive(Debug, Clone)]
pub(crate) struct PartialDownload {
    pub(crate) file: PathBuf,
    /// The file of the server's validator, such as the `ETag`, which identifies the archive that the bytes belong to.
    pub(crate) validator: PathBuf,
}

impl PartialDownload {
    pub(crate) fn remove(&self) -> Result<(), RegistryError> {
        remove_file(&self.file)?;
        remove_file(&self.validator)
    }
}

impl InstallDir {
    /// Creates the folder, waits for its lock, and removes the leftovers of killed processes.
    pub(crate) async fn lock(path: PathBuf) -> Result<Self, RegistryError> {
        fs::create_dir_all(&path).map_err(|e| disk("write", &path, &e))?;
        let place = path.join(LOCK);
        let opened = fs::File::options().create(true).truncate(false).write(true).open(&place);
        let file = opened.map_err(|e| disk("write", &place, &e))?;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(fs::TryLockError::Error(e)) => return Err(disk("lock", &place, &e)),
            }
        }
        let folder = Self { path, _lock: Arc::new(file) };
        folder.clear()?;
        Ok(folder)
    }

    /// Recovers from an interrupted install: restores a version whose replacement is missing, and removes folders that were
    /// being unpacked or removed.
    fn clear(&self) -> Result<(), RegistryError> {
        for name in self.names()? {
            let Some(hidden) = name.strip_prefix('.') else { continue };
            let path = self.path.join(&name);
            match hidden.strip_suffix(REPLACED).map(|version| self.path.join(version)) {
                Some(version) if !version.exists() => rename(&path, &version)?,
                Some(_) => remove_folder(&path)?,
                None if hidden.ends_with(REMOVED) || hidden.ends_with(UNPACKED) => remove_folder(&path)?,
                None => {}
            }
        }
        Ok(())
    }

    /// The partial download of a version. Removes partial downloads of other versions.
    pub(crate) fn part(&self, version: &str) -> Result<PartialDownload, RegistryError> {
        let part = PartialDownload { file: self.hidden(version, PART), validator: self.hidden(version, VALIDATOR) };
        for name in self.names()? {
            let path = self.path.join(&name);
            let download = name.starts_with('.') && (name.ends_with(PART) || name.ends_with(VALIDATOR));
            if download && path != part.file && path != part.validator {
                remove_file(&path)?;
            }
        }
        Ok(part)
    }

    /// Creates an empty folder to unpack a version into.
    pub(crate) fn unpacking(&self, version: &str) -> Result<PathBuf, RegistryError> {
        let path = self.unpacked(version);
        remove_folder(&path)?;
        fs::create_dir(&path).map_err(|e| disk("write", &path, &e))?;
        Ok(path)
    }

    /// The folder that a version is unpacked into.
    pub(crate) fn unpacked(&self, version: &str) -> PathBuf {
        self.hidden(version, UNPACKED)
    }

    /// Removes the folder that a version was unpacked into.
    pub(crate) fn discard(&self, version: &str) -> Result<(), RegistryError> {
        remove_folder(&self.unpacked(version))
    }

    /// Installs the unpacked version, and removes all other versions.
    pub(crate) fn install(&self, version: &str) -> Result<(), RegistryError> {
        let (unpacked, place) = (self.unpacked(version), self.path.join(version));
        sync_folders(&unpacked)?;
        if !place.exists() {
            rename(&unpacked, &place)?;
        } else if exchange(&unpacked, &place).is_err() {
            let replaced = self.hidden(version, REPLACED);
            remove_folder(&replaced)?;
            rename(&place, &replaced)?;
            rename(&unpacked, &place)?;
            remove_folder(&replaced)?;
        }
        sync_folder(&self.path)?;
        remove_folder(&unpacked)?;
        for name in self.names()? {
            let path = self.path.join(&name);
            if name != version && index::parse(&name).is_some() && path.is_dir() {
                // The rename makes the folder invisible as a version in one step, before its files are removed.
                let removed = self.hidden(&name, REMOVED);
                remove_folder(&removed)?;
                rename(&path, &removed)?;
                remove_folder(&removed)?;
            }
        }
        sync_folder(&self.path)
    }

    fn hidden(&self, version: &str, suffix: &str) -> PathBuf {
        self.path.join(format!(".{version}{suffix}"))
    }

    fn names(&self) -> Result<Vec<String>, RegistryError> {
        let failed = |e: io::Error| disk("read", &self.path, &e);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            // This module writes no names that are not UTF-8.
            names.extend(entry.map_err(failed)?.file_name().into_string().ok());
        }
        Ok(names)
    }
}

/// Swaps two folders atomically; fails if the system or its file system does not support that.
#[cfg(unix)]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(unix))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn rename(from: &Path, to: &Path) -> Result<(), RegistryError> {
    fs::rename(from, to).map_err(|e| disk("write", to, &e))
}

fn remove_folder(path: &Path) -> Result<(), RegistryError> {
    gone(fs::remove_dir_all(path)).map_err(|e| disk("remove", path, &e))
}

fn remove_file(path: &Path) -> Result<(), RegistryError> {
    gone(fs::remove_file(path)).map_err(|e| disk("remove", path, &e))
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Syncs the entries of a folder and of its subfolders to disk.
fn sync_folders(path: &Path) -> Result<(), RegistryError> {
    for entry in fs::read_dir(path).map_err(|e| disk("read", path, &e))? {
        let entry = entry.map_err(|e| disk("read", path, &e))?.path();
        if entry.is_dir() {
            sync_folders(&entry)?;
        }
    }
    sync_folder(path)
}

fn sync_folder(path: &Path) -> Result<(), RegistryError> {
    // On other systems a folder cannot be opened as a file, and its entries need no sync.
    match cfg!(unix) {
        true => fs::File::open(path).and_then(|f| f.sync_all()).map_err(|e| disk("write", path, &e)),
        false => Ok(()),
    }
}

pub(crate) fn disk(action: &'static str, path: &Path, reason: &io::Error) -> RegistryError {
    RegistryError::Disk { action, path: path.display().to_string(), reason: reason.to_string() }
}
