//! The programs of PostgreSQL: where they are, and who runs them.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Nobody: the server refuses to run as root.
pub(crate) const NOBODY: u32 = 65534;

/// The server's programs.
#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    /// Whoever runs the tests is root.
    pub(crate) as_nobody: bool,
}

impl Programs {
    /// Those on `PATH`, else those of the newest version that is installed. `own`: a folder made by this process.
    pub(crate) fn find(own: &Path) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut versions: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
        versions.sort_by(|a, b| b.cmp(a));
        let has_all =
            |folder: &PathBuf| ["initdb", "postgres", "pg_ctl"].iter().all(|name| folder.join(name).is_file());
        let folder = std::env::split_paths(&path).chain(versions).find(has_all)?;
        let is_root = own.metadata().is_ok_and(|folder| folder.uid() == 0);
        Some(Self { folder, as_nobody: is_root })
    }

    /// A program, not as root.
    pub(crate) fn command(&self, name: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if self.as_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}
