//! Credential sources for AWS signing: obtains credentials from the source that environment and profiles configure, by
//! aws-config, and caches them. Owns the cache and the configuration that aws-config gets; the source is chosen in
//! `profile::identity`.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_config::credential_process::CredentialProcessProvider;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_types::error::ErrorMetadata;
use aws_types::os_shim_internal::Env;
use aws_types::region::Region;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use crate::auth::aws::Role;
use crate::carrier::Carrier;
use crate::credentials::profile::Profile;
use crate::credentials::profile::identity::{Origin, SignOn, WebIdentity};
use crate::credentials::signing::is_visible;

const SOURCES: &str = "tried the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile (AWS_PROFILE, ~/.aws/config and ~/.aws/credentials), web identity, container and instance metadata; set one of them, or give --auth";
/// The time before their expiry at which credentials are refreshed.
pub(crate) const MARGIN: Duration = Duration::from_secs(60);
/// The time for which a failure is cached: long enough for all scopes of a statement, short enough for a user who fixes it.
pub(crate) const NEGATIVE_TTL: Duration = Duration::from_secs(5);

/// A credential source with its cached result. Concurrent callers wait for one lookup and share its result, including a failure
/// (single-flight).
#[derive(Debug, Default)]
pub(crate) struct CredentialSource {
    provider: OnceCell<SharedCredentialsProvider>,
    last: Mutex<Option<Last>>,
}

#[derive(Debug)]
enum Last {
    Found(Credentials),
    Failed(Instant, String),
}

impl CredentialSource {
    /// Removes the cached result.
    pub(crate) async fn forget(&self) {
        *self.last.lock().await = None;
    }

    /// The credentials of the source, cached until [`MARGIN`] before their expiry. `make` creates the source on first use.
    pub(crate) async fn credentials(
        &self,
        make: impl Future<Output = Result<SharedCredentialsProvider, String>>,
    ) -> Result<Credentials, String> {
        let mut last = self.last.lock().await;
        match last.as_ref() {
            Some(Last::Found(known)) if known.expiry().is_none_or(|e| e > SystemTime::now() + MARGIN) => {
                return Ok(known.clone());
            }
            Some(Last::Failed(at, message)) if at.elapsed() < NEGATIVE_TTL => return Err(message.clone()),
            _ => {}
        }
        let looked = async {
            let provider = self.provider.get_or_try_init(|| make).await?;
            provider.provide_credentials().await.map_err(|e| describe_error(&e))
        };
        let found = looked.await;
        *last = Some(match &found {
            Ok(found) => Last::Found(found.clone()),
            Err(message) => Last::Failed(Instant::now(), message.clone()),
        });
        found
    }
}

/// The configuration of credential requests: profile, region and connection pool.
#[derive(Debug, Clone)]
pub(crate) struct Asking<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) region: String,
    pub(crate) carrier: Carrier,
}

impl Asking<'_> {
    /// The credentials provider that the environment and the profiles configure.
    pub(crate) async fn meant(&self) -> Result<SharedCredentialsProvider, String> {
        Box::pin(self.provider(self.profile.origin()?)).await
    }

    async fn provider(&self, origin: Origin) -> Result<SharedCredentialsProvider, String> {
        const MACHINE: [&str; 2] = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
        match origin {
            Origin::Keys(keys) => Ok(SharedCredentialsProvider::new(keys)),
            Origin::Process(command) => Ok(SharedCredentialsProvider::new(CredentialProcessProvider::new(command))),
            Origin::Role(role, base) => {
                let base = Box::pin(self.provider(*base)).await?;
                let endpoint = self.profile.endpoint_url("STS")?;
                self.assumed(*role, base, endpoint).await
            }
            Origin::WebIdentity(web) => {
                let loader = self.loader(&file(&web.lines()), |_| {})?;
                Ok(load_chain(loader.http_client(self.carrier.clone())).await)
            }
            Origin::SignOn(sign_on) => {
                let loader = self.loader(&file(&sign_on.lines()), |_| {})?;
                Ok(load_chain(loader.http_client(self.carrier.clone())).await)
            }
            // The metadata services are on this machine, so their requests must not use the carrier's proxies.
            Origin::Container => Ok(load_chain(self.loader("", |environment| {
                environment.insert("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned());
            })?)
            .await),
            Origin::Machine => {
                let without = |environment: &mut HashMap<String, String>| {
                    environment.retain(|name, _| !MACHINE.contains(&name.as_str()));
                };
                Ok(load_chain(self.loader("", without)?).await)
            }
            Origin::Surroundings => Ok(load_chain(self.loader("", |_| {})?).await),
        }
    }

    /// The provider of credentials of `role`, which is assumed with the credentials of `base`.
    pub(crate) async fn assumed(
        &self,
        role: Role,
        base: SharedCredentialsProvider,
        endpoint: Option<String>,
    ) -> Result<SharedCredentialsProvider, String> {
        let region = role.region.unwrap_or_else(|| self.region.clone());
        let mut loader = self.loader("", |_| {})?.region(Region::new(region)).http_client(self.carrier.clone());
        loader = loader.credentials_provider(Sound(base.clone()));
        if let Some(url) = endpoint {
            loader = loader.endpoint_url(url);
        }
        let mut asking = AssumeRoleProvider::builder(role.arn)
            .configure(&Box::pin(loader.load()).await)
            .session_name(role.session_name);
        if let Some(id) = role.external_id {
            asking = asking.external_id(id);
        }
        if let Some(duration) = role.duration {
            asking = asking.session_length(duration);
        }
        Ok(SharedCredentialsProvider::new(Box::pin(asking.build_from_provider(Sound(base))).await))
    }

    /// A loader of aws-config without the variables and files that it would interpret differently from this crate. Their
    /// settings are passed to it explicitly, and `contents` replaces the files.
    fn loader(
        &self,
        contents: &str,
        change: impl FnOnce(&mut HashMap<String, String>),
    ) -> Result<ConfigLoader, String> {
        const READ_HERE: [&str; 14] = [
            "AWS_ACCESS_KEY_ID",
            "AWS_CONFIG_FILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
            "AWS_MAX_ATTEMPTS",
            "AWS_PROFILE",
            "AWS_RETRY_MODE",
            "AWS_ROLE_ARN",
            "AWS_ROLE_SESSION_NAME",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_USE_DUALSTACK_ENDPOINT",
            "AWS_USE_FIPS_ENDPOINT",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
        ];
        let is_read_here = |name: &str| READ_HERE.contains(&name) || name.starts_with("AWS_ENDPOINT_URL");
        let all = self.profile.environment();
        let mut environment: HashMap<String, String> =
            all.iter().filter(|(name, _)| !is_read_here(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
        for service in ["SSO", "SSO_OIDC", "STS"] {
            if let Some(url) = self.profile.endpoint_url(service)? {
                environment.insert(format!("AWS_ENDPOINT_URL_{service}"), url);
            }
        }
        change(&mut environment);
        let variant = self.profile.variant()?;
        let files = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, contents).build();
        Ok(aws_config::defaults(BehaviorVersion::latest())
            .env(Env::from(environment))
            .profile_files(files)
            .use_fips(variant.fips)
            .use_dual_stack(variant.dual_stack)
            .region(Region::new(self.region.clone())))
    }
}

/// The credentials provider of the loader's default chain.
async fn load_chain(loader: ConfigLoader) -> SharedCredentialsProvider {
    let loaded = Box::pin(loader.load()).await;
    loaded.credentials_provider().expect("a loader that is told of no credentials makes the default chain")
}

/// The text of a profile file with these sections and keys.
fn file(sections: &[(String, Vec<(&str, &str)>)]) -> String {
    let line = |(key, value): &(&str, &str)| format!("{key} = {value}\n");
    sections.iter().map(|(name, keys)| format!("[{name}]\n{}", keys.iter().map(line).collect::<String>())).collect()
}

/// A provider that rejects credentials whose texts are not valid in headers: the signer of a role request assumes valid ones.
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

impl WebIdentity {
    fn lines(&self) -> [(String, Vec<(&str, &str)>); 1] {
        let mut keys = vec![("role_arn", self.role_arn.as_str()), ("web_identity_token_file", &self.token_file)];
        keys.extend(self.session_name.as_deref().map(|name| ("role_session_name", name)));
        [("default".to_owned(), keys)]
    }
}

impl SignOn {
    fn lines(&self) -> Vec<(String, Vec<(&str, &str)>)> {
        let of_session = vec![("sso_start_url", self.start_url.as_str()), ("sso_region", self.region.as_str())];
        let mut keys = vec![("sso_account_id", self.account.as_str()), ("sso_role_name", self.role.as_str())];
        match &self.session {
            None => {
                keys.extend(of_session);
                vec![("default".to_owned(), keys)]
            }
            Some(name) => {
                keys.push(("sso_session", name));
                vec![("default".to_owned(), keys), (format!("sso-session {name}"), of_session)]
            }
        }
    }
}

/// The message for missing credentials: no source was found, or the one that was found failed.
fn describe_error(error: &CredentialsError) -> String {
    const NOT_ENABLED: &str = "the credential provider was not enabled";
    let why = one_line(&causes(error));
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            // The text begins with the name of the chain.
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

/// The messages of an error and its causes, outermost first.
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

/// The message of the innermost cause.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Joins the lines of a text into one.
pub(crate) fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ").replace(":; ", ": ")
}

#[cfg(test)]
mod tests;
