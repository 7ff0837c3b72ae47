//! The auth contexts a user gives by provider. Owns their form; not what is done with them.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

use crate::SettingsError;

/// How requests to one provider are authorised. Debug prints no secret.
#[derive(Debug, Clone, Deserialize)]
pub struct AuthContext {
    /// The scheme, such as `aws_signing_v4` or `null_auth`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(rename = "keyID")]
    pub(crate) key_id: Option<String>,
    #[serde(rename = "keyIDenvvar")]
    pub(crate) key_id_variable: Option<String>,
    #[serde(rename = "credentialsenvvar")]
    pub(crate) secret_variable: Option<String>,
    #[serde(rename = "credentialsfilepath")]
    pub(crate) secret_file: Option<String>,
    #[serde(rename = "credentialsfilepathenvvar")]
    pub(crate) secret_file_variable: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) api_secret: Option<SecretString>,
}

/// Reads the auth contexts by provider from JSON or YAML.
pub fn auth_contexts(text: &str) -> Result<BTreeMap<String, AuthContext>, SettingsError> {
    serde_json::from_str(text).or_else(|_| yaml_serde::from_str(text)).map_err(|_| SettingsError::Auth)
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}
