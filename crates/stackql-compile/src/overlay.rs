//! The hand choices of a provider, as data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use stackql_provider::Scope;

use crate::{AWS_OVERLAY, Error};

/// An overlay file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Overlay {
    /// What is true of the whole provider; a file that leaves it out has that of the built-in one.
    pub(crate) provider: Option<ProviderChoices>,
    pub(crate) errors: ErrorChoices,
    pub(crate) services: BTreeMap<String, ServiceChoices>,
}

/// What is true of the whole provider.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProviderChoices {
    pub(crate) title: String,
    /// How the permission of an operation is called, with `{service}` and `{operation}` for the names.
    pub(crate) permission: String,
    /// The first is the one that endpoints differ by.
    pub(crate) scopes: Vec<Scope>,
}

/// How error codes are read.
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
    /// The service's name in permissions, where it is not that of its signatures.
    pub(crate) permitted_as: Option<String>,
    /// Methods that answer UPDATE.
    pub(crate) updates: Vec<String>,
    /// Resources whose rows are this member of the output; `root` concerns the classic page only.
    pub(crate) rows: BTreeMap<String, String>,
    /// Resources that classic pages alone list.
    pub(crate) page_only: Vec<String>,
    /// Filters whose meaning is not that of the column with the same name, by resource.
    pub(crate) unlike_filters: BTreeMap<String, Vec<String>>,
}

/// Where the hand choices stand.
#[derive(Debug, Clone, Copy)]
pub enum Overlays<'a> {
    /// In the file `aws.yaml` of this folder; without it there are none.
    Folder(&'a Path),
    /// In this text.
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
