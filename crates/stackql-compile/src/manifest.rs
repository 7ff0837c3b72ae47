//! The origin of a provider's source documents: the pinned package, and the version of a directory of models.

use std::path::Path;

use serde::Deserialize;

use crate::Error;

/// Version of models of unknown origin.
const UNKNOWN: &str = "v0.0.0";

/// A provider's `manifest.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the package that holds the source documents.
    pub package: String,
    /// Version of the package.
    pub version: String,
    /// SHA-256 of the package file, in hexadecimal.
    pub sha256: String,
    /// Services whose facts are committed.
    pub services: Vec<String>,
}

impl Manifest {
    /// Reads `manifest.yaml` in the provider's directory; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is invalid.
    pub fn load(provider: &Path) -> Result<Option<Self>, Error> {
        let path = provider.join("manifest.yaml");
        let Some(text) = text(&path)? else { return Ok(None) };
        let invalid = |e: yaml_serde::Error| Error::Invalid { path: path.display().to_string(), reason: e.to_string() };
        yaml_serde::from_str(&text).map(Some).map_err(invalid)
    }
}

/// The version of the package that `models` comes from: that of the manifest next to the facts, or that of the
/// `__init__.py` next to the package's data directory.
pub(crate) fn version_of(models: &Path) -> Result<String, Error> {
    let Some(around) = models.parent() else { return Ok(UNKNOWN.to_owned()) };
    if let Some(manifest) = Manifest::load(around)? {
        return Ok(format!("v{}", manifest.version));
    }
    let module = text(&around.join("__init__.py"))?.unwrap_or_default();
    let stated = module.lines().find_map(|l| l.strip_prefix("__version__ = "));
    Ok(stated.map_or_else(|| UNKNOWN.to_owned(), |v| format!("v{}", v.trim().trim_matches(['\'', '"']))))
}

fn text(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::Read { path: path.display().to_string(), reason: e.to_string() }),
    }
}
