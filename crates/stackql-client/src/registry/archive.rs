//! Archives of provider definitions: validates and unpacks one into its own folder. The archive is untrusted: nothing is
//! written outside the folder, and size and number of files are limited.

use std::cell::Cell;
use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::GzDecoder;
use tar::EntryType;
use thiserror::Error;

/// The limits of an archive's contents.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) entries: usize,
    /// The maximum unpacked size, in bytes.
    pub(crate) unpacked: u64,
    /// The maximum compression ratio: unpacked size divided by the archive's size.
    pub(crate) ratio: u64,
    /// The unpacked size in bytes up to which the ratio is not checked, since little data may compress well.
    pub(crate) small: u64,
}

impl Limits {
    /// Limits far above real definitions: those of the largest cloud have 600 files, 90 MiB and a ratio of 10.
    pub(crate) const GENEROUS: Self = Self { entries: 50_000, unpacked: 2 << 30, ratio: 200, small: 16 << 20 };
}

/// Why an archive is rejected or cannot be unpacked.
#[derive(Debug, Error)]
pub(crate) enum ArchiveError {
    #[error("the archive cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("the archive holds '{0}', a path that leads elsewhere or that not every system can have")]
    Path(String),
    #[error("the archive holds '{path}' where all of it belongs below '{version}/'")]
    Outside { path: String, version: String },
    #[error("the archive holds '{path}', {kind}; only files and folders belong in it")]
    Kind { path: String, kind: &'static str },
    #[error("the archive holds '{0}' twice")]
    Twice(String),
    #[error("the archive holds more than {0} files and folders")]
    TooMany(usize),
    #[error("the archive unpacks to more than {0} bytes")]
    TooLarge(u64),
    #[error("the archive unpacks to more than {0} times its size")]
    Bomb(u64),
    #[error("the archive holds no provider.yaml")]
    NoProvider,
    #[error("cannot write {path}: {reason}")]
    Disk { path: String, reason: io::Error },
}

/// The position of the magic bytes in an uncompressed tar archive.
const MAGIC: std::ops::Range<usize> = 257..262;

/// Unpacks an archive of `size` bytes into the empty folder `into`. All entries of the archive must be below a folder named
/// for the version. Returns the paths of the files, relative to `into`. After an error, files that were written stay there.
pub(crate) fn unpack(
    mut archive: impl BufRead,
    size: u64,
    version: &str,
    into: &Path,
    limits: Limits,
) -> Result<Vec<PathBuf>, ArchiveError> {
    let excess = Rc::new(Cell::new(None));
    // If a server declares the compression as a content encoding, the archive arrives uncompressed.
    let bare = archive.fill_buf().map_err(ArchiveError::Unreadable)?.get(MAGIC) == Some(b"ustar");
    let inner: Box<dyn Read + '_> = if bare { Box::new(archive) } else { Box::new(GzDecoder::new(archive)) };
    let source = LimitedReader { inner, size, read: 0, limits, excess: Rc::clone(&excess) };
    let unreadable = |e: io::Error| match excess.get() {
        Some(LimitExceeded::Ratio) => ArchiveError::Bomb(limits.ratio),
        Some(LimitExceeded::Size) => ArchiveError::TooLarge(limits.unpacked),
        None => ArchiveError::Unreadable(e),
    };
    let mut archive = tar::Archive::new(source);
    let mut files = Vec::new();
    for (count, entry) in archive.entries().map_err(unreadable)?.enumerate() {
        let mut entry = entry.map_err(unreadable)?;
        if count >= limits.entries {
            return Err(ArchiveError::TooMany(limits.entries));
        }
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            continue;
        }
        let name = entry.path_bytes().into_owned();
        let Some(path) = path(&name, version)? else { continue };
        if kind.is_dir() {
            let folder = into.join(&path);
            fs::create_dir_all(&folder).map_err(|e| disk(&folder, e))?;
            continue;
        }
        if !kind.is_file() {
            let path = String::from_utf8_lossy(&name).escape_debug().to_string();
            return Err(ArchiveError::Kind { path, kind: what(kind) });
        }
        let Some(path) = path.file_name().is_some().then_some(path) else {
            return Err(ArchiveError::Outside { path: version.to_owned(), version: version.to_owned() });
        };
        // Hidden files are metadata of the desktop on which the archive was packed.
        if path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        let target = into.join(&path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|e| disk(folder, e))?;
        }
        let mut file = match fs::File::create_new(&target) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                return Err(ArchiveError::Twice(path.display().to_string()));
            }
            Err(e) => return Err(disk(&target, e)),
        };
        let mut chunk = [0; 64 << 10];
        let mut left = entry.size();
        loop {
            let count = entry.read(&mut chunk).map_err(unreadable)?;
            if count == 0 {
                break;
            }
            left = left.saturating_sub(count as u64);
            file.write_all(&chunk[..count]).map_err(|e| disk(&target, e))?;
        }
        if left > 0 {
            return Err(ArchiveError::Unreadable(io::ErrorKind::UnexpectedEof.into()));
        }
        file.sync_all().map_err(|e| disk(&target, e))?;
        files.push(path);
    }
    // Reads to the end, since the checksum of all data follows the last entry.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(unreadable)?;
    if !files.iter().any(|path| path == Path::new("provider.yaml")) {
        return Err(ArchiveError::NoProvider);
    }
    Ok(files)
}

/// The path relative to the version's folder, empty for the folder itself; `None` for the root of the archive.
fn path(name: &[u8], version: &str) -> Result<Option<PathBuf>, ArchiveError> {
    let shown = || String::from_utf8_lossy(name).escape_debug().to_string();
    let parts = parts(name).ok_or_else(|| ArchiveError::Path(shown()))?;
    match parts.split_first() {
        None => Ok(None),
        Some((top, below)) if *top == version => Ok(Some(below.iter().collect())),
        Some(_) => Err(ArchiveError::Outside { path: shown(), version: version.to_owned() }),
    }
}

/// The components of a path; `None` if it is absolute, has `..`, or is not valid on every system.
pub(crate) fn parts(name: &[u8]) -> Option<Vec<&str>> {
    let text = std::str::from_utf8(name).ok()?;
    // Backslash and colon are valid in names on some systems; on others they separate folders or name drives.
    if text.is_empty() || text.contains(['\\', ':']) || text.chars().any(char::is_control) {
        return None;
    }
    let mut parts = Vec::new();
    for part in Path::new(text).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts)
}

fn what(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Symlink | EntryType::Link => "a link",
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Fifo => "a pipe",
        EntryType::GNUSparse => "a file with holes",
        _ => "something unknown",
    }
}

fn disk(path: &Path, reason: io::Error) -> ArchiveError {
    ArchiveError::Disk { path: path.display().to_string(), reason }
}

#[derive(Debug, Clone, Copy)]
enum LimitExceeded {
    Size,
    Ratio,
}

/// A reader that fails when the unpacked size exceeds the limits; archive headers count, too.
struct LimitedReader<R> {
    inner: R,
    size: u64,
    read: u64,
    limits: Limits,
    excess: Rc<Cell<Option<LimitExceeded>>>,
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.read += count as u64;
        let excess = if self.read > self.limits.unpacked {
            LimitExceeded::Size
        } else if self.read > self.limits.small && self.read > self.size.saturating_mul(self.limits.ratio) {
            LimitExceeded::Ratio
        } else {
            return Ok(count);
        };
        self.excess.set(Some(excess));
        Err(io::Error::other("too large"))
    }
}

#[cfg(test)]
pub(crate) mod tests;
