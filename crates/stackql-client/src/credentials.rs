//! Finds credentials for AWS signing: what an auth context names, the environment, then aws-config's chain.
//! Owns how often is looked, not how each source is asked.

use std::time::{Duration, SystemTime};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_types::error::ErrorMetadata;
use aws_types::region::Region;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use crate::Environment;
use crate::auth::aws::Role;
use crate::profile::Profile;
use crate::signing::is_visible;

const SOURCES: &str = "tried the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile (AWS_PROFILE, ~/.aws/config and ~/.aws/credentials), web identity, container and instance metadata; set one of them, or give --auth";
/// How long before they expire credentials are asked for again.
pub(crate) const MARGIN: Duration = Duration::from_secs(60);
/// How long a failure stands: long enough for all scopes of a statement, short enough for a person who mends it.
pub(crate) const FAILURE_STANDS: Duration = Duration::from_secs(5);

/// One source of credentials and what it gave last. Concurrent callers wait for one look-up and share what it
/// gave, good or bad.
#[derive(Debug, Default)]
pub(crate) struct Source {
    provider: OnceCell<SharedCredentialsProvider>,
    last: Mutex<Option<Last>>,
}

#[derive(Debug)]
enum Last {
    Found(Credentials),
    Failed(Instant, String),
}

impl Source {
    /// Forgets what the source gave.
    pub(crate) async fn forget(&self) {
        *self.last.lock().await = None;
    }

    /// The source's credentials; `make` makes the source when it is asked for the first time.
    pub(crate) async fn credentials(
        &self,
        make: impl Future<Output = Result<SharedCredentialsProvider, String>>,
    ) -> Result<Credentials, String> {
        let mut last = self.last.lock().await;
        match last.as_ref() {
            Some(Last::Found(known)) if known.expiry().is_none_or(|e| e > SystemTime::now() + MARGIN) => {
                return Ok(known.clone());
            }
            Some(Last::Failed(at, message)) if at.elapsed() < FAILURE_STANDS => return Err(message.clone()),
            _ => {}
        }
        let looked = async {
            let provider = self.provider.get_or_try_init(|| make).await?;
            provider.provide_credentials().await.map_err(|e| said(&e))
        };
        let found = looked.await;
        *last = Some(match &found {
            Ok(found) => Last::Found(found.clone()),
            Err(message) => Last::Failed(Instant::now(), message.clone()),
        });
        found
    }
}

/// The default chain: the environment's keys, else whatever aws-config finds by the same variables and the files
/// that they name. `region` is where roles are asked for.
pub(crate) async fn chain(environment: &Environment, profile: &Profile, region: String) -> SharedCredentialsProvider {
    if let Some(keys) = from_environment(environment) {
        return SharedCredentialsProvider::new(keys);
    }
    let loaded = Box::pin(loader(profile, region).load()).await;
    loaded.credentials_provider().expect("a loader that is told of no credentials makes the default chain")
}

/// The credentials of `role`, asked for in `region` with those of `base`.
pub(crate) async fn assumed(
    role: Role,
    base: SharedCredentialsProvider,
    profile: &Profile,
    region: String,
    endpoint: Option<String>,
) -> SharedCredentialsProvider {
    let mut loader = loader(profile, region).credentials_provider(Sound(base.clone()));
    if let Some(url) = endpoint {
        loader = loader.endpoint_url(url);
    }
    let mut asking =
        AssumeRoleProvider::builder(role.arn).configure(&Box::pin(loader.load()).await).session_name(role.session_name);
    if let Some(id) = role.external_id {
        asking = asking.external_id(id);
    }
    if let Some(duration) = role.duration {
        asking = asking.session_length(duration);
    }
    SharedCredentialsProvider::new(Box::pin(asking.build_from_provider(Sound(base))).await)
}

/// Credentials that can be sent: what signs a request for a role takes for granted that they make headers.
#[derive(Debug)]
struct Sound(SharedCredentialsProvider);

impl ProvideCredentials for Sound {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let found = self.0.provide_credentials().await?;
            let sent = [Some(found.access_key_id()), found.session_token()];
            if sent.into_iter().flatten().all(is_visible) {
                return Ok(found);
            }
            let why = "the access key id or session token has characters that no header can carry; is there a line break in it?";
            Err(CredentialsError::invalid_configuration(why))
        })
    }
}

/// aws-config over the variables that were passed in, never those of the process.
fn loader(profile: &Profile, region: String) -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest()).env(profile.environment()).region(Region::new(region))
}

/// Keys from the environment, unless a variable is missing or empty.
fn from_environment(environment: &Environment) -> Option<Credentials> {
    let variable = |name: &str| environment.get(name).map(|v| v.trim()).filter(|v| !v.is_empty()).map(str::to_owned);
    Some(Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    ))
}

/// Why there are no credentials: nothing was found anywhere, or a source that was found failed.
fn said(error: &CredentialsError) -> String {
    const NOT_ENABLED: &str = "the credential provider was not enabled";
    let why = one_line(&causes(error));
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            // What the chain says first is its own name.
            let why = why.split_once("Attempted: ").map_or(why.as_str(), |(_, tried)| tried);
            let why = why.replace(&format!("{NOT_ENABLED}: "), "").replace(NOT_ENABLED, "nothing there");
            format!("no credentials: {why}; {SOURCES}")
        }
        _ => {
            let why = why.strip_prefix("an error occurred while loading credentials: ").unwrap_or(&why);
            let sign_on = ["SSO token", "/sso/cache/"].iter().any(|word| why.contains(word));
            let mend = if sign_on { "log in with aws sso login" } else { "mend this source" };
            format!("no credentials: {why}; {mend}, or name another with --auth")
        }
    }
}

/// An error and its causes in words, from the outside in.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut all: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let words = match cause.downcast_ref::<ErrorMetadata>() {
            Some(said) => format!("{}: {}", said.code().unwrap_or("no code"), said.message().unwrap_or("no message")),
            None => cause.to_string(),
        };
        if all.last().is_none_or(|last| !last.contains(&words)) {
            all.push(words);
        }
        next = cause.source();
    }
    all.join(": ")
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
pub(crate) fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ").replace(":; ", ": ")
}

#[cfg(test)]
mod tests;
