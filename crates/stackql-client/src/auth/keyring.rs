//! The [`Keyring`] of a client, for AUTH statements of a session: shows the source of a provider's credentials, logs in,
//! revokes credentials and changes an auth context.

use std::sync::Arc;

use async_trait::async_trait;
use aws_credential_types::Credentials;
use stackql_call::{CredentialInfo, Keyring, TransportError, TransportErrorKind};
use stackql_provider::Auth;

use super::{Authenticator, Authenticators, ContextOrigin, Scheme};
use crate::Settings;
use crate::auth::context::AuthContext;
use crate::http::client::{AttemptFailure, Client};

#[async_trait]
impl Keyring for Client {
    fn credential_info(&self, provider: &str, auth: &Auth) -> Result<CredentialInfo, TransportError> {
        let (origin, context) = self.authorisers.context(&self.settings, provider, auth).map_err(to_transport_error)?;
        let authoriser = build_authenticator(provider, origin, context).map_err(to_transport_error)?;
        let source = match self.authorisers.state().revoked.contains(provider) {
            true => format!("given up; AUTH LOGIN {provider} takes it again"),
            false => authoriser.source(),
        };
        Ok(CredentialInfo { scheme: authoriser.context.kind.clone(), source })
    }

    async fn log_in(&self, provider: &str, auth: &Auth, scopes: &[String]) -> Result<String, TransportError> {
        let (origin, context) = self.authorisers.context(&self.settings, provider, auth).map_err(to_transport_error)?;
        let scoped = match scopes.is_empty() {
            true => None,
            false => {
                let scopes = serde_json::json!(scopes).to_string();
                Some(self.with(provider, &context, "scopes", &scopes).map_err(to_transport_error)?)
            }
        };
        self.sources.forget().await;
        let origin = if scoped.is_some() { ContextOrigin::User } else { origin };
        let authoriser =
            build_authenticator(provider, origin, scoped.clone().unwrap_or(context)).map_err(to_transport_error)?;
        let said = Box::pin(authoriser.obtained(self)).await.map_err(to_transport_error)?;
        self.authorisers.admit(provider, scoped);
        Ok(said)
    }

    async fn revoke(&self, provider: &str) {
        self.authorisers.revoke(provider);
        self.sources.forget().await;
    }

    fn set(&self, provider: &str, auth: &Auth, key: &str, value: &str) -> Result<(), TransportError> {
        let (_, context) = self.authorisers.context(&self.settings, provider, auth).map_err(to_transport_error)?;
        let changed = self.with(provider, &context, key, value).map_err(to_transport_error)?;
        self.authorisers.change(provider, changed);
        Ok(())
    }
}

impl Client {
    /// A copy of a context with another value of a key, validated for the provider.
    fn with(
        &self,
        provider: &str,
        context: &AuthContext,
        key: &str,
        value: &str,
    ) -> Result<AuthContext, AttemptFailure> {
        let wrong = |why| {
            (
                TransportErrorKind::Configuration,
                format!("the auth context of provider {provider} {why}; look it up in docs/auth.md"),
            )
        };
        let changed = context.with(key, value).map_err(wrong)?;
        if let Some(key) = changed.misspelt() {
            return Err(wrong(format!("has no key '{key}'")));
        }
        build_authenticator(provider, ContextOrigin::User, changed.clone())?;
        Ok(changed)
    }
}

impl Authenticators {
    /// The context that applies to a provider, even if it is revoked, and its origin.
    fn context(
        &self,
        settings: &Settings,
        provider: &str,
        auth: &Auth,
    ) -> Result<(ContextOrigin, AuthContext), AttemptFailure> {
        let state = self.state();
        let (origin, text) = state.origin(settings, provider, auth);
        Ok((origin, state.context(origin, settings, provider, text)?))
    }

    /// Removes the cached authenticators of a provider.
    fn forget(&self, provider: &str) {
        self.state().known.retain(|(known, _), _| known != provider);
    }

    fn change(&self, provider: &str, context: AuthContext) {
        self.state().changed.insert(provider.to_owned(), context);
        self.forget(provider);
    }

    fn admit(&self, provider: &str, scoped: Option<AuthContext>) {
        if let Some(context) = scoped {
            self.change(provider, context);
        }
        self.forget(provider);
        self.state().revoked.remove(provider);
    }

    fn revoke(&self, provider: &str) {
        self.forget(provider);
        self.state().revoked.insert(provider.to_owned());
    }
}

impl Authenticator {
    /// Obtains the credentials of the scheme, and describes them without secrets.
    async fn obtained(self: &Arc<Self>, client: &Client) -> Result<String, AttemptFailure> {
        let (kind, source) = (&self.context.kind, self.source());
        Ok(match &self.kind {
            Scheme::None => "requests carry no credentials".to_owned(),
            Scheme::Keys(_) => {
                let keys = client.keys(self).await?;
                let id = keys.as_ref().map(Credentials::access_key_id).unwrap_or_default();
                format!("{kind} with the access key {id}, from {source}")
            }
            Scheme::Static(prefix, found) => {
                self.static_credential(client, *prefix, found).await?;
                format!("{kind}, from {source}")
            }
            Scheme::Signature(found) => {
                let signatory = self.signatory(client, found).await?;
                format!("{kind} as {}, from {source}", signatory.key_id())
            }
            Scheme::Token(grant, _) => {
                let token = Box::pin(self.token(client, *grant)).await?;
                let lifetime = token.lifetime.map(|life| format!(" that stands for {} s", life.as_secs()));
                format!("{kind} with a token{}, from {source}", lifetime.unwrap_or_default())
            }
            Scheme::Database => {
                self.database(&client.settings.environment)?;
                format!("{kind}, from {source}")
            }
        })
    }
}

fn build_authenticator(
    provider: &str,
    origin: ContextOrigin,
    context: AuthContext,
) -> Result<Arc<Authenticator>, AttemptFailure> {
    let authoriser = Authenticator::new(provider, origin, context);
    authoriser.map(Arc::new).map_err(|text| (TransportErrorKind::Configuration, text))
}

fn to_transport_error((kind, message): AttemptFailure) -> TransportError {
    TransportError { kind, message, attempts: Vec::new() }
}

#[cfg(test)]
mod tests;
