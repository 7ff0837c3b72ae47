//! Paths of the workspace and its build output, and functions that run commands.
//!
//! Contains nothing specific to a task.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// The workspace as described by `cargo metadata`.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as declared in a manifest.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for ordinary dependencies, otherwise `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// The path, for members of the workspace only.
    pub(crate) path: Option<PathBuf>,
}

impl Workspace {
    /// Runs `cargo metadata`, which respects `CARGO_TARGET_DIR` and configuration files.
    pub(crate) fn read() -> Result<Self, String> {
        let text = answer(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
        serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))
    }

    /// The binary of a debug build.
    pub(crate) fn debug_binary(&self) -> PathBuf {
        self.binary("debug")
    }

    /// The binary of a release build.
    pub(crate) fn release_binary(&self) -> PathBuf {
        self.binary("release")
    }

    fn binary(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join(format!("stackql{}", std::env::consts::EXE_SUFFIX))
    }
}

/// The cargo binary that runs this task.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Prints the command and runs it with inherited standard streams; fails if the command fails.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let line = spelled(command);
    eprintln!("$ {line}");
    let status = command.status().map_err(|error| format!("cannot start '{line}': {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("'{line}' failed: {status}")) }
}

/// Runs a command and returns its standard output.
pub(crate) fn answer(command: &mut Command) -> Result<String, String> {
    let line = spelled(command);
    let output = command.output().map_err(|error| format!("cannot start '{line}': {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("'{line}' failed: {}\n{}", output.status, said.trim_end()));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("'{line}': {error}"))
}

fn spelled(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
