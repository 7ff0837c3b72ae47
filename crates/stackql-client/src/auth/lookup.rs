//! Credential lookup: resolves the literals, environment variables and files that the keys of an auth context name. Owns their
//! order. Called by the authenticators of all schemes.

use std::io::ErrorKind;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::context::CredentialKeys;
use crate::Environment;

/// Why a context yields no credential.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum SourceError {
    /// A variable that the context names has no value.
    #[error("names the variable {name} by {key}, and {key} references empty string; set the variable, or change {key}")]
    Unset { key: &'static str, name: String },
    /// A file that the context names cannot be read.
    #[error("cannot read the credentials file: open {path}: {reason}")]
    Unopened { path: String, reason: String },
    /// Any other error; the text has the context as its subject.
    #[error("{0}")]
    Wrong(String),
}

impl From<String> for SourceError {
    fn from(text: String) -> Self {
        Self::Wrong(text)
    }
}

impl From<&str> for SourceError {
    fn from(text: &str) -> Self {
        Self::Wrong(text.to_owned())
    }
}

/// A resolved credential.
#[derive(Debug)]
pub(crate) enum FoundCredential {
    /// One text, such as a key or a token, which is sent as it is.
    Whole(SecretString),
    /// A user name and a secret.
    Pair(String, SecretString),
}

impl FoundCredential {
    /// The text that is sent; a pair is encoded as in HTTP Basic authentication, without the prefix.
    pub(crate) fn sent(self) -> SecretString {
        match self {
            Self::Whole(text) => text,
            Self::Pair(name, secret) => STANDARD.encode(format!("{name}:{}", secret.expose_secret())).into(),
        }
    }
}

/// The credential that `keys` name; `None` if they name none. A source that is named must have a value; there is no fallback
/// to another source.
pub(crate) fn credential(
    keys: &CredentialKeys,
    environment: &Environment,
) -> Result<Option<FoundCredential>, SourceError> {
    if let Some(text) = document(keys, environment)? {
        return Ok(Some(FoundCredential::Whole(text)));
    }
    let user = env_or_literal(environment, "username_var", keys.username_var.as_ref(), keys.username.as_ref())?;
    let password = hidden(environment, "password_var", keys.password_var.as_ref(), keys.password.as_ref())?;
    let key = hidden(environment, "api_key_var", keys.api_key_var.as_ref(), keys.api_key.as_ref())?;
    let secret = hidden(environment, "api_secret_var", keys.api_secret_var.as_ref(), keys.api_secret.as_ref())?;
    let variables_first = keys.api_key_var.is_some() && keys.username_var.is_none();
    let of_user = match (user, password) {
        (Some(user), Some(password)) => Some(FoundCredential::Pair(user, password)),
        (None, None) => None,
        (Some(_), None) => return Err("has a user name and no password; give password or password_var".into()),
        (None, Some(_)) => return Err("has a password and no user name; give username or username_var".into()),
    };
    let of_key = match (key, secret) {
        (Some(key), Some(secret)) => Some(FoundCredential::Pair(key.expose_secret().to_owned(), secret)),
        (Some(key), None) => Some(FoundCredential::Whole(key)),
        (None, None) => None,
        (None, Some(_)) => return Err("has an API secret and no API key; give api_key or api_key_var".into()),
    };
    Ok(if variables_first { of_key.or(of_user) } else { of_user.or(of_key) })
}

/// The text of the variable or file that `credentialsenvvar`, `credentialsfilepathenvvar` or `credentialsfilepath` names.
pub(crate) fn document(keys: &CredentialKeys, environment: &Environment) -> Result<Option<SecretString>, SourceError> {
    if let Some(name) = &keys.variable {
        return variable(environment, "credentialsenvvar", name).map(|text| Some(text.into()));
    }
    let path = match &keys.file_variable {
        Some(name) => Some(variable(environment, "credentialsfilepathenvvar", name)?),
        None => keys.file.clone(),
    };
    path.map(|path| file(&path)).transpose()
}

/// Reads a credentials file, which must not be empty.
pub(crate) fn file(path: &str) -> Result<SecretString, SourceError> {
    let read = std::fs::read_to_string(path).map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::NotFound => "no such file or directory".to_owned(),
            ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        SourceError::Unopened { path: path.to_owned(), reason }
    })?;
    match read.trim() {
        "" => Err(format!("the credentials file {path} is empty").into()),
        text => Ok(text.to_owned().into()),
    }
}

/// The value of the variable that the context's `key` names.
pub(crate) fn variable(environment: &Environment, key: &'static str, name: &str) -> Result<String, SourceError> {
    match set(environment, name) {
        Some(value) => Ok(value.to_owned()),
        // The text may be the secret itself instead of a variable's name, so the error omits it.
        None if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            Err(format!("has in {key} what is no name of a variable; give the variable's name there").into())
        }
        None => Err(SourceError::Unset { key, name: name.to_owned() }),
    }
}

/// The trimmed value of a variable; `None` if it is not set or blank.
pub(crate) fn set<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// The value of the variable `name`, which the context's `key` names, else the literal.
pub(crate) fn env_or_literal(
    environment: &Environment,
    key: &'static str,
    name: Option<&String>,
    literal: Option<&String>,
) -> Result<Option<String>, SourceError> {
    match name {
        Some(name) => variable(environment, key, name).map(Some),
        None => Ok(literal.cloned()),
    }
}

/// [`env_or_literal`] for a secret.
pub(crate) fn hidden(
    environment: &Environment,
    key: &'static str,
    name: Option<&String>,
    literal: Option<&SecretString>,
) -> Result<Option<SecretString>, SourceError> {
    match name {
        Some(name) => variable(environment, key, name).map(|value| Some(value.into())),
        None => Ok(literal.cloned()),
    }
}
