//! Program lookup on `PATH`, by the environment variables that the client was given. Used by local commands and by the
//! authenticators that run a vendor's command-line tool.

use std::path::{Path, PathBuf};

use crate::Environment;
use crate::credentials::source::one_line;

/// Finds a program by its name in the first folder of `PATH` that has it; an absolute path is that file itself.
pub(crate) fn find_in_path(name: &str, environment: &Environment) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &["", ".exe", ".cmd"] } else { &[""] };
    let path = environment.get("PATH").map(String::as_str).unwrap_or_default();
    let folders: Vec<PathBuf> = match Path::new(name).is_absolute() {
        true => vec![PathBuf::new()],
        // An empty or relative entry would mean the current folder, which is no trusted source of programs.
        false => std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect(),
    };
    let mut candidates =
        folders.iter().flat_map(|folder| endings.iter().map(move |ending| folder.join(format!("{name}{ending}"))));
    candidates.find(|candidate| runs(candidate))
}

/// The beginning of a program's standard error output, on one line and without a trailing period.
pub(crate) fn complaint(said: &[u8], most: usize) -> String {
    let line: String = one_line(&String::from_utf8_lossy(said)).chars().take(most).collect();
    line.trim_end_matches('.').to_owned()
}

#[cfg(unix)]
fn runs(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn runs(path: &Path) -> bool {
    path.extension().is_some() && path.is_file()
}
