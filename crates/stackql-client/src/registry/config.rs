//! The registry configuration of a user: its URL, the local folder and the signature policy. Parses text only.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use stackql_provider::RegistryError;

use crate::config::structured_flag::structured;

/// The URL of the public StackQL registry.
const PUBLIC: &str = "https://registry.stackql.app/providers";
/// The built-in names of provider folders in the registry.
const NAMES: &str = include_str!("../../../../providers/registry.yaml");

/// The configuration of a registry. Unknown keys are ignored, since they are for other programs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegistryConfig {
    /// The base URL above the prefixes; with scheme `file`, a local folder.
    pub(crate) url: String,
    /// The folder that contains the installed definitions, if it is not the program's own.
    pub(crate) local_doc_root: Option<PathBuf>,
    /// The prefix of installed definitions below the folder, and of documents below the URL.
    pub(crate) src_prefix: String,
    /// The prefix of archives below the URL.
    pub(crate) dist_prefix: String,
    /// Whether a version without an archive is downloaded document by document.
    pub(crate) allow_src_download: bool,
    /// How signatures are verified.
    pub(crate) verify_config: VerifyConfig,
}

/// How signatures are verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VerifyConfig {
    /// Signatures are not verified.
    pub(crate) nop_verify: bool,
    /// The Ed25519 public key, in base64 or PEM.
    pub(crate) public_key: Option<String>,
    /// The file of the public key, if it is not given directly.
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
    /// Parses a configuration in JSON or YAML; an empty text is the public registry.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Configuration`] if the text is not an object of this form.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let refused = |reason: String| {
            // The YAML library appends the source snippet in further lines.
            let reason = reason.lines().next().unwrap_or_default();
            RegistryError::Configuration(format!(
                "cannot unmarshal the registry configuration: {reason}; give JSON or YAML such as {{\"url\": \"https://…\"}}"
            ))
        };
        let read: serde_json::Value = structured(text).map_err(|e| refused(e.to_string()))?;
        // A list would be deserialized as the fields in order.
        if !read.is_object() {
            return Err(refused("it has no keys".to_owned()));
        }
        let mut config: Self = serde_json::from_value(read).map_err(|e| refused(e.to_string()))?;
        if config.url.trim().is_empty() {
            config.url = PUBLIC.to_owned();
        }
        Ok(config)
    }

    /// Whether the registry is a local folder, whose definitions need no download.
    pub(crate) fn is_local(&self) -> bool {
        self.url.starts_with("file:")
    }
}

/// The folder names of providers whose folder is not named like the provider, by provider.
pub(crate) fn directories() -> Result<BTreeMap<String, String>, RegistryError> {
    #[derive(Deserialize)]
    struct Names {
        directories: BTreeMap<String, String>,
    }
    let names: Names = yaml_serde::from_str(NAMES)
        .map_err(|e| RegistryError::Configuration(format!("the names of the registry's folders: {e}")))?;
    Ok(names.directories)
}
