//! The AWS schemes: the access keys and the role to assume that an auth context names.

use std::time::Duration;

use aws_credential_types::Credentials;
use secrecy::ExposeSecret;

use super::context::AuthContext;
use super::lookup;
use super::lookup::{SourceError, variable};
use crate::Environment;

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

impl AuthContext {
    /// The access keys that the context names; `None` means the default chain. A source that is named must have a value;
    /// there is no fallback to another source.
    pub(crate) fn keys(&self, environment: &Environment) -> Result<Option<Credentials>, SourceError> {
        let (aws, keys) = (&self.aws, &self.credential);
        let key = match (&aws.key_id_variable, &aws.key_id, &keys.api_key_var) {
            (Some(name), _, _) => Some(variable(environment, "keyIDenvvar", name)?),
            (None, Some(key), _) => Some(key.clone()),
            (None, None, Some(name)) => Some(variable(environment, "api_key_var", name)?),
            (None, None, None) => keys.api_key.as_ref().map(|key| key.expose_secret().to_owned()),
        };
        let secret = match lookup::document(keys, environment)? {
            Some(secret) => Some(secret),
            None => {
                lookup::hidden(environment, "api_secret_var", keys.api_secret_var.as_ref(), keys.api_secret.as_ref())?
            }
        };
        let session = environment.get("AWS_SESSION_TOKEN").filter(|t| !t.is_empty()).cloned();
        match (key, secret) {
            (Some(key), Some(secret)) => {
                Ok(Some(Credentials::new(key, secret.expose_secret(), session, None, "auth context")))
            }
            (None, None) => match self.unknown.keys().next() {
                Some(unknown) => Err(format!(
                    "names no credentials, and its key '{unknown}' is not known; give keyIDenvvar and credentialsenvvar, or take the key out to use the default chain"
                ).into()),
                None => Ok(None),
            },
            (Some(_), None) => Err(
                "has a key id and no secret; give credentialsenvvar, credentialsfilepathenvvar or credentialsfilepath"
                    .into(),
            ),
            (None, Some(_)) => Err("has a secret and no key id; give keyID or keyIDenvvar".into()),
        }
    }

    /// The role that the context names.
    pub(crate) fn role(&self, environment: &Environment) -> Result<Role, SourceError> {
        let keys = &self.aws;
        let arn = lookup::env_or_literal(
            environment,
            "aws_role_arn_env_var",
            keys.aws_role_arn_env_var.as_ref(),
            keys.aws_role_arn.as_ref(),
        )?;
        let Some(arn) = arn else {
            return Err("names no role; give aws_role_arn or aws_role_arn_env_var".into());
        };
        let external_id = lookup::env_or_literal(
            environment,
            "aws_role_external_id_env_var",
            keys.aws_role_external_id_env_var.as_ref(),
            keys.aws_role_external_id.as_ref(),
        )?;
        Ok(Role {
            arn,
            session_name: keys.aws_role_session_name.clone().unwrap_or_else(|| "stackql".to_owned()),
            external_id,
            region: keys.aws_sts_region.clone(),
            endpoint: keys.aws_sts_endpoint.clone(),
            duration: keys.aws_role_duration_seconds.map(|s| Duration::from_secs(s.into())),
        })
    }
}

#[cfg(test)]
mod tests;
