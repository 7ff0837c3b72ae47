//! The installed provider definitions: finds the newest version of each provider on disk. Reads folder names, no documents.

use std::path::{Path, PathBuf};

use stackql_provider::RegistryError;

use super::config::RegistryConfig;
use super::{index, install_dir};

/// The file that a folder must have to count as a provider's version.
const DOCUMENT: &str = "provider.yaml";

/// The folders of the newest installed version of each provider, sorted by path. `root` is the folder of the definitions,
/// unless the configuration names another one.
///
/// # Errors
///
/// The folder exists and cannot be read, or the configuration's `file` URL names no folder.
pub fn installed_versions(config: &RegistryConfig, root: &Path) -> Result<Vec<PathBuf>, RegistryError> {
    let above = match (&config.local_doc_root, config.is_local()) {
        (Some(folder), _) => folder.clone(),
        (None, true) => local_folder(&config.url)?,
        (None, false) => root.to_owned(),
    };
    let mut found = Vec::new();
    for provider in folders(&above.join(&config.src_prefix))? {
        let versions = folders(&provider)?.into_iter().filter(|v| v.join(DOCUMENT).is_file());
        let version = |path: &PathBuf| index::parse(&path.file_name().unwrap_or_default().to_string_lossy());
        found.extend(versions.max_by_key(version));
    }
    found.sort();
    Ok(found)
}

fn local_folder(url: &str) -> Result<PathBuf, RegistryError> {
    let path = url::Url::parse(url).ok().and_then(|u| u.to_file_path().ok());
    // In `file://relative/path`, the first part is a folder, though URL syntax has a host there.
    let path = path.or_else(|| url.strip_prefix("file://").map(|p| PathBuf::from(p.replace("[", "").replace(']', ""))));
    path.ok_or_else(|| RegistryError::Configuration(format!("{url} names no folder; give file:// and its full path")))
}

/// The subfolders of `folder` that are not hidden; none if it does not exist.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, RegistryError> {
    let unread = |e: std::io::Error| install_dir::disk("read", folder, &e);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(unread(e)),
    };
    let mut out = Vec::new();
    for entry in entries {
        let path = entry.map_err(unread)?.path();
        let is_hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        if path.is_dir() && !is_hidden {
            out.push(path);
        }
    }
    Ok(out)
}
