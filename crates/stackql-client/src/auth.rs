//! The auth contexts a user gives by provider. Owns their form and the keys they name; nothing is called here.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{Environment, SettingsError};

/// How requests to one provider are authorised. Debug prints no secret.
#[derive(Debug, Clone, Deserialize)]
pub struct AuthContext {
    /// The scheme, such as `aws_signing_v4` or `null_auth`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(rename = "keyID")]
    key_id: Option<String>,
    #[serde(rename = "keyIDenvvar")]
    key_id_variable: Option<String>,
    #[serde(rename = "credentialsenvvar")]
    secret_variable: Option<String>,
    #[serde(rename = "credentialsfilepathenvvar")]
    secret_file_variable: Option<String>,
    #[serde(rename = "credentialsfilepath")]
    secret_file: Option<String>,
    api_key_var: Option<String>,
    api_secret_var: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    api_key: Option<SecretString>,
    #[serde(default, deserialize_with = "secret")]
    api_secret: Option<SecretString>,
    #[serde(flatten)]
    role: RoleKeys,
    /// Keys that mean nothing here; a misspelt one must not lead to other credentials.
    #[serde(flatten)]
    unknown: BTreeMap<String, serde::de::IgnoredAny>,
}

/// The keys of `aws_assume_role`, beside those of the credentials that ask for the role.
#[derive(Debug, Clone, Deserialize)]
struct RoleKeys {
    aws_role_arn: Option<String>,
    aws_role_arn_env_var: Option<String>,
    aws_role_session_name: Option<String>,
    aws_role_external_id: Option<String>,
    aws_role_external_id_env_var: Option<String>,
    aws_sts_region: Option<String>,
    aws_sts_endpoint: Option<String>,
    aws_role_duration_seconds: Option<u32>,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) session_name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) duration: Option<Duration>,
}

/// Reads the auth contexts by provider from JSON or YAML.
pub fn auth_contexts(text: &str) -> Result<BTreeMap<String, AuthContext>, SettingsError> {
    serde_json::from_str(text).or_else(|_| yaml_serde::from_str(text)).map_err(|_| SettingsError::Auth)
}

impl AuthContext {
    /// The keys it names, or `None` where it names none and the default chain is meant. A source that is named
    /// must give something: no other is looked at in its place.
    pub(crate) fn keys(&self, environment: &Environment) -> Result<Option<Credentials>, String> {
        let key = match (&self.key_id_variable, &self.key_id, &self.api_key_var) {
            (Some(name), _, _) => Some(variable(environment, "keyIDenvvar", name)?),
            (None, Some(key), _) => Some(key.clone()),
            (None, None, Some(name)) => Some(variable(environment, "api_key_var", name)?),
            (None, None, None) => self.api_key.as_ref().map(|key| key.expose_secret().to_owned()),
        };
        let secret = self.secret(environment)?;
        let session = environment.get("AWS_SESSION_TOKEN").filter(|t| !t.is_empty()).cloned();
        match (key, secret) {
            (Some(key), Some(secret)) => Ok(Some(Credentials::new(key, secret, session, None, "auth context"))),
            (None, None) => match self.unknown.keys().next() {
                Some(unknown) => Err(format!(
                    "names no credentials, and its key '{unknown}' is not known; give keyIDenvvar and credentialsenvvar, or take the key out to use the default chain"
                )),
                None => Ok(None),
            },
            (Some(_), None) => Err(
                "has a key id and no secret; give credentialsenvvar, credentialsfilepathenvvar or credentialsfilepath"
                    .to_owned(),
            ),
            (None, Some(_)) => Err("has a secret and no key id; give keyID or keyIDenvvar".to_owned()),
        }
    }

    /// The role it names.
    pub(crate) fn role(&self, environment: &Environment) -> Result<Role, String> {
        let keys = &self.role;
        let arn = match (&keys.aws_role_arn_env_var, &keys.aws_role_arn) {
            (Some(name), _) => variable(environment, "aws_role_arn_env_var", name)?,
            (None, Some(arn)) => arn.clone(),
            (None, None) => return Err("names no role; give aws_role_arn or aws_role_arn_env_var".to_owned()),
        };
        let external_id = match &keys.aws_role_external_id_env_var {
            Some(name) => Some(variable(environment, "aws_role_external_id_env_var", name)?),
            None => keys.aws_role_external_id.clone(),
        };
        Ok(Role {
            arn,
            session_name: keys.aws_role_session_name.clone().unwrap_or_else(|| "stackql".to_owned()),
            external_id,
            region: keys.aws_sts_region.clone(),
            endpoint: keys.aws_sts_endpoint.clone(),
            duration: keys.aws_role_duration_seconds.map(|s| Duration::from_secs(s.into())),
        })
    }

    fn secret(&self, environment: &Environment) -> Result<Option<String>, String> {
        if let Some(name) = &self.secret_variable {
            return variable(environment, "credentialsenvvar", name).map(Some);
        }
        let file = match &self.secret_file_variable {
            Some(name) => Some(variable(environment, "credentialsfilepathenvvar", name)?),
            None => self.secret_file.clone(),
        };
        if let Some(path) = file {
            let read =
                std::fs::read_to_string(&path).map_err(|e| format!("cannot read the credentials file {path}: {e}"))?;
            return match read.trim() {
                "" => Err(format!("the credentials file {path} is empty")),
                secret => Ok(Some(secret.to_owned())),
            };
        }
        match &self.api_secret_var {
            Some(name) => variable(environment, "api_secret_var", name).map(Some),
            None => Ok(self.api_secret.as_ref().map(|s| s.expose_secret().to_owned())),
        }
    }
}

/// The value of the variable that the context's `key` names.
fn variable(environment: &Environment, key: &str, name: &str) -> Result<String, String> {
    match environment.get(name).map(|v| v.trim()).filter(|v| !v.is_empty()) {
        Some(value) => Ok(value.to_owned()),
        None => Err(format!("names the variable {name} by {key}, and it is not set; set it, or change {key}")),
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

#[cfg(test)]
mod tests;
