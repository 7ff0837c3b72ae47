//! A provider of a test's own, on disk as the registry leaves it.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::stackql;

/// A home below which a provider's version, `dock/v1.0.0`, is installed: its own document, and that of a service by the
/// name of its file.
pub(crate) fn installed(version: &str, provider: &str, (file, service): (&str, &str)) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("src").join(version);
    fs::create_dir_all(folder.join("services")).unwrap();
    fs::write(folder.join("provider.yaml"), provider).unwrap();
    fs::write(folder.join("services").join(file), service).unwrap();
    home
}

/// Runs statements with what is installed below a home.
pub(crate) fn exec(home: &TempDir, flags: &[&str]) -> Command {
    let home = home.path().to_str().unwrap();
    let registry = format!(r#"{{"url": "file://{home}"}}"#);
    let mut exec = stackql(&["exec", "--registry", &registry, "--approot", home]);
    exec.args(flags).env("HOME", home);
    exec
}
