//! Authenticators: choose the auth context of a service, and add the credentials of its scheme to a request. Owns the choice
//! and the credentials and tokens that a client caches; the protocol of each scheme is a submodule. Called by the HTTP client.

pub(crate) mod aws;
mod azure;
mod caller_fingerprint;
mod cli_helper;
pub(crate) mod context;
mod describe;
pub(crate) mod google;
mod interactive;
mod keyring;
pub(crate) mod lookup;
mod oauth2;
mod oci;
mod private_key;
mod static_credential;
pub(crate) mod token_cache;
pub(crate) mod token_endpoint;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use secrecy::SecretString;
use stackql_call::TransportErrorKind;
use stackql_provider::Auth;
use tokio::sync::OnceCell;

use self::context::AuthContext;
use self::lookup::SourceError;
use self::oci::identity::OciSigner as Signatory;
use self::static_credential::{StaticCredential, ValuePrefix};
use self::token_cache::{Token, TokenCache};
use crate::credentials::source::CredentialSource;
use crate::http::client::{AttemptFailure, Client};
use crate::rate_limit::limiter::CredentialHash;
use crate::{Environment, Settings};

/// The scheme in which access keys sign each request.
pub(crate) const SIGNED: &str = "aws_signing_v4";
/// The scheme in which access keys assume a role, whose temporary keys sign each request.
pub(crate) const ASSUMED: &str = "aws_assume_role";
/// The scheme of a provider that is a database.
const DATABASE: &str = "sql_data_source::postgres";
const KINDS: &str = "api_key, aws_assume_role, aws_signing_v4, azure_default, basic, bearer, custom, interactive, null_auth, oauth2, oci_signing_v1, service_account, sql_data_source::postgres";

/// The header that names the quota project, which a user's requests are billed to.
const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// The authenticators of one client: one per auth context in use.
#[derive(Default)]
pub(crate) struct Authenticators(Mutex<State>);

#[derive(Default)]
struct State {
    /// By provider and the text of the definition's context or scheme; the text is empty if the user's context alone applies.
    known: BTreeMap<(String, String), Arc<Authenticator>>,
    /// The contexts that were changed after the client was created, by provider.
    changed: BTreeMap<String, AuthContext>,
    /// The providers whose credentials were revoked; their requests fail.
    revoked: BTreeSet<String>,
}

/// The authenticator of one auth context.
#[derive(Debug)]
pub(crate) struct Authenticator {
    provider: String,
    origin: ContextOrigin,
    context: AuthContext,
    kind: Scheme,
}

/// The origin of an auth context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContextOrigin {
    /// The user configured it for the provider.
    User,
    /// The provider definition has it.
    Definitions,
    /// There is no context: the provider definition names only the scheme.
    SchemeOnly,
}

/// The auth scheme, with the credentials that were resolved for it.
#[derive(Debug)]
enum Scheme {
    None,
    Keys(CredentialSource),
    Static(ValuePrefix, OnceCell<Vec<StaticCredential>>),
    Token(Grant, Arc<TokenCache>),
    Signature(OnceCell<Signatory>),
    Database,
}

/// How a token is obtained.
#[derive(Debug, Clone, Copy)]
enum Grant {
    OAuth2,
    ServiceAccount,
    Interactive,
    Azure,
}

impl Authenticators {
    /// The authenticator for requests to a service of `provider` with the definition `auth`: by the user's context, else the
    /// definition's context, else the definition's scheme alone.
    ///
    /// # Errors
    ///
    /// The provider's credentials were revoked, or the context is invalid.
    pub(crate) fn for_service(
        &self,
        settings: &Settings,
        provider: &str,
        auth: &Auth,
    ) -> Result<Arc<Authenticator>, AttemptFailure> {
        let mut state = self.state();
        if state.revoked.contains(provider) {
            let text =
                format!("provider {provider}: its credentials were given up; AUTH LOGIN {provider} takes them again");
            return Err((TransportErrorKind::Credentials, text));
        }
        let (origin, text) = state.origin(settings, provider, auth);
        let key = (provider.to_owned(), text.to_owned());
        if let Some(authoriser) = state.known.get(&key) {
            return Ok(Arc::clone(authoriser));
        }
        let context = state.context(origin, settings, provider, text)?;
        let wrong = |text| (TransportErrorKind::Configuration, text);
        let authoriser = Arc::new(Authenticator::new(provider, origin, context).map_err(wrong)?);
        state.known.insert(key, Arc::clone(&authoriser));
        Ok(authoriser)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The origin of the context that applies, and what it takes from the provider definition: the context's text, or the
    /// scheme if the user's context names none or there is no context.
    fn origin<'a>(&self, settings: &Settings, provider: &str, auth: &'a Auth) -> (ContextOrigin, &'a str) {
        match (self.users(settings, provider), &auth.context) {
            (Some(users), _) if users.kind.is_empty() => (ContextOrigin::User, auth.scheme.as_str()),
            (Some(_), _) => (ContextOrigin::User, ""),
            (None, Some(context)) => (ContextOrigin::Definitions, context.as_str()),
            (None, None) => (ContextOrigin::SchemeOnly, auth.scheme.as_str()),
        }
    }

    fn users<'a>(&'a self, settings: &'a Settings, provider: &str) -> Option<&'a AuthContext> {
        self.changed.get(provider).or_else(|| settings.auth.get(provider))
    }

    fn context(
        &self,
        origin: ContextOrigin,
        settings: &Settings,
        provider: &str,
        text: &str,
    ) -> Result<AuthContext, AttemptFailure> {
        match (origin, self.users(settings, provider)) {
            (ContextOrigin::User, Some(context)) => Ok(context.clone().or_kind(text)),
            (ContextOrigin::Definitions, _) => AuthContext::of_definitions(text).map_err(|why| {
                let text = format!("provider {provider}: the auth context of its definitions {why}; pass --auth");
                (TransportErrorKind::Configuration, text)
            }),
            _ => Ok(AuthContext::of_kind(text)),
        }
    }
}

impl Authenticator {
    fn new(provider: &str, origin: ContextOrigin, context: AuthContext) -> Result<Self, String> {
        let placed = |prefix| Scheme::Static(prefix, OnceCell::new());
        let token = |grant| Scheme::Token(grant, Arc::default());
        let kind = match context.kind.as_str() {
            "null_auth" | "" => Scheme::None,
            SIGNED | ASSUMED => Scheme::Keys(CredentialSource::default()),
            "api_key" | "custom" => placed(ValuePrefix::Default("")),
            "basic" => placed(ValuePrefix::Default("BASIC ")),
            "bearer" => placed(ValuePrefix::Always("Bearer ")),
            "service_account" => token(Grant::ServiceAccount),
            "interactive" => token(Grant::Interactive),
            "azure_default" => token(Grant::Azure),
            "oci_signing_v1" => Scheme::Signature(OnceCell::new()),
            "oauth2" => token(Grant::OAuth2),
            DATABASE => Scheme::Database,
            other => {
                return Err(format!("provider {provider}: there is no auth type '{other}'; known are {KINDS}"));
            }
        };
        let misspelt = match (&kind, origin) {
            // A misspelled `type` would otherwise send requests without credentials.
            (Scheme::None, ContextOrigin::User) if context.kind.is_empty() => context.misspelt(),
            // Unknown keys of the signing schemes are reported where they would lead to other credentials
            // (`AuthContext::keys`).
            (Scheme::None | Scheme::Keys(_), _) => None,
            (_, ContextOrigin::User) => context.misspelt(),
            // A provider definition may be newer than this build.
            (_, ContextOrigin::Definitions | ContextOrigin::SchemeOnly) => None,
        };
        if let Some(key) = misspelt {
            return Err(format!(
                "the auth context of provider {provider} has the key '{key}', which is not known; check its spelling"
            ));
        }
        Ok(Self { provider: provider.to_owned(), origin, context, kind })
    }

    /// The credential source of the signing keys; `None` if the scheme does not sign with access keys.
    pub(crate) fn keys(&self) -> Option<&CredentialSource> {
        match &self.kind {
            Scheme::Keys(source) => Some(source),
            _ => None,
        }
    }

    /// The caller identity for rate limits; `key_id` is the access key id, if the scheme signs with access keys.
    pub(crate) fn identity(&self, key_id: Option<&str>) -> CredentialHash {
        match (&self.kind, key_id) {
            (Scheme::None, _) => CredentialHash::default(),
            // The temporary keys of a role change about hourly, so the context, which names the role, identifies the caller.
            (Scheme::Keys(_), Some(key_id)) if self.context.kind != ASSUMED => CredentialHash::from_parts(&[key_id]),
            _ => self.context.written,
        }
    }

    /// The auth context, if the user or the definition has one.
    pub(crate) fn context(&self) -> Option<&AuthContext> {
        (self.origin != ContextOrigin::SchemeOnly).then_some(&self.context)
    }

    /// The access keys that the context names; `None` means the default chain. The variables of a definition's context are
    /// only a default, so the default chain applies if they are not set.
    pub(crate) fn access_keys(
        &self,
        context: &AuthContext,
        environment: &Environment,
    ) -> Result<Option<Credentials>, String> {
        match context.keys(environment) {
            Err(SourceError::Unset { .. }) if self.origin == ContextOrigin::Definitions => Ok(None),
            found => found.map_err(|e| self.describe_error(&e)),
        }
    }

    /// The DSN of the provider's database, with user and password.
    pub(crate) fn database(&self, environment: &Environment) -> Result<SecretString, AttemptFailure> {
        let wrong = |why: String| self.failure(&why.into());
        if !matches!(self.kind, Scheme::Database) {
            let kind = &self.context.kind;
            return Err(wrong(format!("has the type '{kind}', and the provider is a database; give {DATABASE}")));
        }
        let stated = self.context.database.as_ref().and_then(|keys| keys.dsn.clone());
        let found = match stated {
            Some(dsn) => Some(dsn),
            None => lookup::document(&self.context.credential, environment).map_err(|e| self.failure(&e))?,
        };
        found.ok_or_else(|| {
            wrong("names no database; give sqlDataSource.dsn, or a variable in credentialsenvvar".into())
        })
    }

    /// Authenticates `request`: adds the credential, token or signature of the scheme. Schemes that sign with access keys add
    /// nothing here, since the client signs their requests itself.
    pub(crate) async fn authorise(&self, client: &Client, request: &mut Request<Bytes>) -> Result<(), AttemptFailure> {
        let wrong = |e: SourceError| self.failure(&e);
        match &self.kind {
            Scheme::None | Scheme::Keys(_) => Ok(()),
            Scheme::Database => {
                let why = "names a database, and this service is asked by HTTP; give the type of its credentials";
                Err(wrong(why.into()))
            }
            Scheme::Static(prefix, found) => {
                let all = self.static_credential(client, *prefix, found).await?;
                all.iter().try_for_each(|one| one.add_to(request)).map_err(wrong)
            }
            Scheme::Signature(found) => {
                let signatory = self.signatory(client, found).await?;
                signatory.sign(request, client.time()).map_err(|why| wrong(why.into()))
            }
            Scheme::Token(grant, tokens) => {
                let (token, ticket) = Box::pin(tokens.token(self.token(client, *grant))).await?;
                request.extensions_mut().insert(ticket);
                let keys = &self.context.credential;
                let placed =
                    StaticCredential::new(keys, ValuePrefix::Default("Bearer "), &token.value).map_err(wrong)?;
                placed.add_to(request).map_err(wrong)?;
                if let Some(project) = token.quota_project.as_deref().and_then(|p| HeaderValue::from_str(p).ok()) {
                    request.headers_mut().insert(QUOTA_PROJECT, project);
                }
                Ok(())
            }
        }
    }

    async fn static_credential<'a>(
        &self,
        client: &Client,
        prefix: ValuePrefix,
        found: &'a OnceCell<Vec<StaticCredential>>,
    ) -> Result<&'a [StaticCredential], AttemptFailure> {
        let find = async { static_credential::credentials(&self.context, prefix, &client.settings.environment) };
        found.get_or_try_init(|| find).await.map(Vec::as_slice).map_err(|e| self.failure(&e))
    }

    async fn signatory<'a>(
        &self,
        client: &Client,
        found: &'a OnceCell<Signatory>,
    ) -> Result<&'a Signatory, AttemptFailure> {
        let find = async { Signatory::find(&self.context.oci, &client.settings.environment) };
        found.get_or_try_init(|| find).await.map_err(|e| self.failure(&e))
    }

    async fn token(&self, client: &Client, grant: Grant) -> Result<Token, AttemptFailure> {
        match grant {
            Grant::OAuth2 => oauth2::token(self, client).await,
            Grant::ServiceAccount => google::token(self, client).await,
            Grant::Interactive => Box::pin(interactive::token(self, client)).await,
            Grant::Azure => Box::pin(azure::token(self, client)).await,
        }
    }

    /// The message for an error of the context, by its origin.
    pub(crate) fn describe_error(&self, error: &SourceError) -> String {
        let provider = &self.provider;
        match (self.origin, error) {
            (ContextOrigin::User, error) => format!("the auth context of provider {provider} {error}"),
            (_, SourceError::Unset { key, name }) => format!(
                "provider {provider}: its definitions take the credential from the variable {name}, and {key} references empty string; set the variable, or pass --auth"
            ),
            (ContextOrigin::Definitions, why) => {
                format!("provider {provider}: the auth context of its definitions {why}; or pass --auth")
            }
            (ContextOrigin::SchemeOnly, why) => format!(
                "provider {provider}: its definitions ask for authorisation of the type {} alone, which {why}; pass it with --auth",
                self.context.kind
            ),
        }
    }

    pub(crate) fn failure(&self, error: &SourceError) -> AttemptFailure {
        (TransportErrorKind::Credentials, self.describe_error(error))
    }
}

#[cfg(test)]
mod tests;
