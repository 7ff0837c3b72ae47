//! Where a provider's source documents come from: the pinned package, and the version of a folder of models.

use std::path::Path;

use serde::Deserialize;

use crate::Error;

/// The version of models whose origin is not known.
const UNKNOWN: &str = "v0.0.0";

/// A provider's `manifest.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The package that holds the source documents.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of the package's file, in hexadecimal.
    pub sha256: String,
    /// The services whose facts are committed.
    pub services: Vec<String>,
}

impl Manifest {
    /// Reads `manifest.yaml` in the provider's folder; `None` where there is none.
    pub fn load(provider: &Path) -> Result<Option<Self>, Error> {
        let path = provider.join("manifest.yaml");
        let Some(text) = text(&path)? else { return Ok(None) };
        let invalid = |e: yaml_serde::Error| Error::Invalid { path: path.display().to_string(), reason: e.to_string() };
        yaml_serde::from_str(&text).map(Some).map_err(invalid)
    }
}

/// The version of the package that `models` belongs to: facts lie beside their manifest, the package's own data
/// folder beside `__init__.py`.
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
