//! Overlays: manual choices for a provider, which its models do not state.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use stackql_provider::Scope;

use crate::{AWS_OVERLAY, Error};

/// An overlay file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Overlay {
    /// Choices for the whole provider; those of the built-in overlay if the file omits them.
    pub(crate) provider: Option<ProviderChoices>,
    pub(crate) errors: ErrorChoices,
    pub(crate) services: BTreeMap<String, ServiceChoices>,
}

/// Choices for the whole provider.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProviderChoices {
    pub(crate) title: String,
    /// Pattern for permission names, with the placeholders `{service}` and `{operation}`.
    pub(crate) permission: String,
    /// The scopes; endpoints differ by the first one.
    pub(crate) scopes: Vec<Scope>,
}

/// Classification of error codes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ErrorChoices {
    pub(crate) not_found: Vec<String>,
    pub(crate) throttled: Vec<String>,
    pub(crate) clock_skew: Vec<String>,
    pub(crate) unauthorized: Vec<String>,
    pub(crate) rehearsed: Vec<String>,
    pub(crate) hints: BTreeMap<String, String>,
}

/// Choices for one service.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServiceChoices {
    /// The service's name in permissions, if it differs from its signing name.
    pub(crate) permitted_as: Option<String>,
    /// Methods that serve UPDATE.
    pub(crate) updates: Vec<String>,
    /// The output member that holds the rows, by resource; `root` concerns the classic page only.
    pub(crate) rows: BTreeMap<String, String>,
    /// Resources that are listed only by classic pages.
    pub(crate) page_only: Vec<String>,
    /// Filters that do not mean the column of the same name, by resource.
    pub(crate) unlike_filters: BTreeMap<String, Vec<String>>,
}

/// Where overlays are read from.
#[derive(Debug, Clone, Copy)]
pub enum Overlays<'a> {
    /// The file `aws.yaml` in this directory; no choices if it does not exist.
    Folder(&'a Path),
    /// This text.
    Text(&'a str),
}

impl Overlays<'_> {
    pub(crate) fn read(self) -> Result<(ProviderChoices, Overlay), Error> {
        let mut overlay = self.parse()?;
        let provider = match overlay.provider.take() {
            Some(provider) => provider,
            None => Overlays::Text(AWS_OVERLAY).parse()?.provider.unwrap_or_default(),
        };
        Ok((provider, overlay))
    }

    fn parse(self) -> Result<Overlay, Error> {
        let (path, text) = match self {
            Self::Text(text) => ("overlay".to_owned(), text.to_owned()),
            Self::Folder(folder) => {
                let path = folder.join("aws.yaml");
                if !path.is_file() {
                    return Ok(Overlay::default());
                }
                let path_name = path.display().to_string();
                let read = std::fs::read_to_string(&path);
                let text = read.map_err(|e| Error::Read { path: path_name.clone(), reason: e.to_string() })?;
                (path_name, text)
            }
        };
        yaml_serde::from_str(&text).map_err(|e| Error::Invalid { path, reason: e.to_string() })
    }
}

impl<'a> From<&'a str> for Overlays<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Path> for Overlays<'a> {
    fn from(folder: &'a Path) -> Self {
        Self::Folder(folder)
    }
}

impl<'a> From<&'a PathBuf> for Overlays<'a> {
    fn from(folder: &'a PathBuf) -> Self {
        Self::Folder(folder)
    }
}
