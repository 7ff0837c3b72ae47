//! Finds credentials for AWS signing: auth contexts, environment, then aws-config's chain. Owns no refresh rule
//! of its own beyond asking again shortly before they expire.

use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use secrecy::ExposeSecret;
use tokio::sync::{Mutex, OnceCell};

use crate::{AuthContext, Environment};

const SOURCES: &str = "tried the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile (AWS_PROFILE, ~/.aws/config and ~/.aws/credentials), web identity, container and instance metadata; set one of them, or give --auth";
const MARGIN: Duration = Duration::from_secs(60);

/// The default chain, built when first asked, and the credentials it gave last.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    provider: OnceCell<DefaultCredentialsChain>,
    last: Mutex<Option<Credentials>>,
}

impl Chain {
    /// The chain's credentials; concurrent callers wait for one refresh.
    pub(crate) async fn credentials(&self, environment: &Environment) -> Result<Credentials, String> {
        if let Some(found) = from_environment(environment) {
            return Ok(found);
        }
        let mut last = self.last.lock().await;
        if let Some(known) = last.as_ref().filter(|c| c.expiry().is_none_or(|e| e > SystemTime::now() + MARGIN)) {
            return Ok(known.clone());
        }
        let provider = self.provider.get_or_init(|| async {
            let second = Duration::from_secs(1);
            let metadata = aws_config::imds::Client::builder()
                .max_attempts(1)
                .connect_timeout(second)
                .read_timeout(second)
                .build();
            Box::pin(DefaultCredentialsChain::builder().imds_client(metadata).build()).await
        });
        let found = provider
            .await
            .provide_credentials()
            .await
            .map_err(|e| format!("no credentials: {}; {SOURCES}", one_line(&reason(&e))))?;
        *last = Some(found.clone());
        Ok(found)
    }
}

/// The credentials that an `aws_signing_v4` context names; `None` where it names none and the chain is meant.
pub(crate) fn from_context(context: &AuthContext, environment: &Environment) -> Result<Option<Credentials>, String> {
    let variable =
        |name: &Option<String>| name.as_ref().and_then(|n| environment.get(n)).filter(|v| !v.is_empty()).cloned();
    let file = variable(&context.secret_file_variable).or_else(|| context.secret_file.clone());
    let secret = match (variable(&context.secret_variable), file) {
        (Some(secret), _) => Some(secret),
        (None, Some(path)) => Some(
            std::fs::read_to_string(&path)
                .map_err(|e| format!("cannot read the credentials file {path}: {e}"))?
                .trim()
                .to_owned(),
        ),
        (None, None) => context.api_secret.as_ref().map(|s| s.expose_secret().to_owned()),
    };
    let key = variable(&context.key_id_variable).or_else(|| context.key_id.clone());
    match (key, secret) {
        (Some(key), Some(secret)) => Ok(Some(Credentials::new(key, secret, environment.get("AWS_SESSION_TOKEN").cloned(), None, "auth context"))),
        (None, None) if context.key_id_variable.is_none() && context.secret_variable.is_none() => Ok(None),
        _ => Err("the auth context is incomplete: give keyID or keyIDenvvar, and credentialsenvvar or credentialsfilepath, and set the variables they name".to_owned()),
    }
}

/// Keys from the environment, unless a variable is missing or empty.
fn from_environment(environment: &Environment) -> Option<Credentials> {
    let variable = |name: &str| environment.get(name).filter(|v| !v.trim().is_empty()).cloned();
    Some(Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    ))
}

/// The innermost cause in words.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Text of several lines as one.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
