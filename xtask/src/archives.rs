//! The archives of registry documents in the shared directory next to the project.

use std::fs::File;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::workspace::Workspace;

const FOLDER: &str = "../shared/registry/providers/dist";

/// The directory of the archives, if it exists.
pub(crate) fn folder(workspace: &Workspace) -> Option<PathBuf> {
    Some(workspace.root.join(FOLDER)).filter(|folder| folder.is_dir())
}

/// Unpacks a gzipped tar archive into a directory.
pub(crate) fn unpack(archive: &Path, into: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot unpack {}: {error}", archive.display());
    let file = File::open(archive).map_err(failed)?;
    tar::Archive::new(GzDecoder::new(file)).unpack(into).map_err(failed)
}
