//! `cargo xtask test`: runs all tests and builds what they need.
//!
//! Owns the order of the test runners and the Python environment; the tests are next to the code they test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workspace::{Workspace, cargo, run};

/// Builds the workspace and runs the Rust tests, then the Python tests of the binary.
pub(crate) fn test() -> Result<(), String> {
    let workspace = Workspace::read()?;
    // One build for all runners: including the tests here unifies the features of binary and tests, so that nothing is
    // compiled twice.
    run(cargo().args(["build", "--workspace", "--bins", "--tests"]))?;
    let has_nextest = cargo()
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if has_nextest {
        run(cargo().args(["nextest", "run", "--workspace", "--no-tests=pass"]))?;
        run(cargo().args(["test", "--workspace", "--doc"]))?;
    } else {
        run(cargo().args(["test", "--workspace"]))?;
    }
    third_party(&workspace)
}

/// Runs the tests against third-party programs: clients of vendors, and servers that emulate their APIs.
fn third_party(workspace: &Workspace) -> Result<(), String> {
    let tests = workspace.root.join("tests/third_party");
    let requirements = tests.join("requirements.txt");
    if !requirements.exists() {
        return Ok(());
    }
    let python = virtual_environment(&workspace.target.join("venv"), &requirements)?;
    run(Command::new(python)
        .args(["-m", "pytest", "-p", "no:cacheprovider"])
        .arg(&tests)
        .env("STACKQL_BIN", workspace.debug_binary())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&workspace.root))
}

/// Creates the virtual environment at `home`, again if `requirements` changed, and returns its interpreter.
fn virtual_environment(home: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let python = if cfg!(windows) { home.join("Scripts/python.exe") } else { home.join("bin/python") };
    let wanted = std::fs::read_to_string(requirements)
        .map_err(|error| format!("cannot read {}: {error}", requirements.display()))?;
    let stamp = home.join("installed-requirements.txt");
    if python.exists() && std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let system_python = if cfg!(windows) { "python" } else { "python3" };
    run(Command::new(system_python).args(["-m", "venv", "--clear"]).arg(home))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(requirements))?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(python)
}
