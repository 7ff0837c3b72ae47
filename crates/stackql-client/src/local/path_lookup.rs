//! Where programs of this machine are found, by the variables that the client was given.

use std::path::{Path, PathBuf};

use crate::Environment;
use crate::credentials::source::one_line;

/// The program of this name in the first folder of `PATH` that has one; of an absolute name, that file.
pub(crate) fn find_in_path(name: &str, environment: &Environment) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &["", ".exe", ".cmd"] } else { &[""] };
    let path = environment.get("PATH").map(String::as_str).unwrap_or_default();
    let folders: Vec<PathBuf> = match Path::new(name).is_absolute() {
        true => vec![PathBuf::new()],
        // An empty entry would be the current folder, which is nobody's choice of a program.
        false => std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect(),
    };
    let mut candidates =
        folders.iter().flat_map(|folder| endings.iter().map(move |ending| folder.join(format!("{name}{ending}"))));
    candidates.find(|candidate| runs(candidate))
}

/// The beginning of what a program said on standard error, on one line and without a period.
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
