//! The registry a user configures: its address, where it is kept on disk, what signatures must be. Only reads text.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use stackql_provider::RegistryError;

use crate::config::structured_flag::structured;

/// StackQL's own registry.
const PUBLIC: &str = "https://registry.stackql.app/providers";
/// What the program ships of the registry's habits.
const NAMES: &str = include_str!("../../../../providers/registry.yaml");

/// A registry as a user configures it. Keys that mean nothing here are for other programs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegistryConfig {
    /// The address above the prefixes; of scheme `file`, a folder of this machine.
    pub(crate) url: String,
    /// The folder above the installed definitions, where it is not the program's own.
    pub(crate) local_doc_root: Option<PathBuf>,
    /// Where definitions are installed below the folder, and where documents are below the address.
    pub(crate) src_prefix: String,
    /// Where archives are below the address.
    pub(crate) dist_prefix: String,
    /// Whether a version of which there is no archive is fetched document by document.
    pub(crate) allow_src_download: bool,
    /// How signatures are checked.
    pub(crate) verify_config: VerifyConfig,
}

/// How signatures are checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VerifyConfig {
    /// Not at all.
    pub(crate) nop_verify: bool,
    /// By this Ed25519 key: base64 or PEM.
    pub(crate) public_key: Option<String>,
    /// By the key in this file.
    pub(crate) public_key_path: Option<PathBuf>,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self {
            url: PUBLIC.to_owned(),
            local_doc_root: None,
            src_prefix: "src".to_owned(),
            dist_prefix: "dist".to_owned(),
            allow_src_download: false,
            verify_config: VerifyConfig::default(),
        }
    }
}

impl RegistryConfig {
    /// Reads JSON or YAML; no text is the public registry.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let refused = |reason: String| {
            // A library's picture of the place is several lines.
            let reason = reason.lines().next().unwrap_or_default();
            RegistryError::Configuration(format!(
                "cannot unmarshal the registry configuration: {reason}; give JSON or YAML such as {{\"url\": \"https://…\"}}"
            ))
        };
        let read: serde_json::Value = structured(text).map_err(|e| refused(e.to_string()))?;
        // A list would be taken for the values in their order.
        if !read.is_object() {
            return Err(refused("it has no keys".to_owned()));
        }
        let mut config: Self = serde_json::from_value(read).map_err(|e| refused(e.to_string()))?;
        if config.url.trim().is_empty() {
            config.url = PUBLIC.to_owned();
        }
        Ok(config)
    }

    /// Whether the registry is a folder of this machine, whose definitions are there already.
    pub(crate) fn is_local(&self) -> bool {
        self.url.starts_with("file:")
    }
}

/// The folders of providers that are not named as the provider is.
pub(crate) fn directories() -> Result<BTreeMap<String, String>, RegistryError> {
    #[derive(Deserialize)]
    struct Names {
        directories: BTreeMap<String, String>,
    }
    let names: Names = yaml_serde::from_str(NAMES)
        .map_err(|e| RegistryError::Configuration(format!("the names of the registry's folders: {e}")))?;
    Ok(names.directories)
}
