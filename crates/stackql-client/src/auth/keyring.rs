//! What a session does about the credentials of a provider: shows where they come from, obtains them, changes a context,
//! and gives them up.

use std::sync::Arc;

use async_trait::async_trait;
use aws_credential_types::Credentials;
use stackql_call::{Authorisation, Keyring, TransportError, TransportErrorKind};
use stackql_provider::Auth;

use super::{AuthContext, Authoriser, Authorisers, Kind, Origin};
use crate::Settings;
use crate::client::{Client, Failure};

#[async_trait]
impl Keyring for Client {
    fn authorisation(&self, provider: &str, auth: &Auth) -> Result<Authorisation, TransportError> {
        let (origin, context) = self.authorisers.context(&self.settings, provider, auth).map_err(told)?;
        let authoriser = made(provider, origin, context).map_err(told)?;
        let source = match self.authorisers.state().revoked.contains(provider) {
            true => format!("given up; AUTH LOGIN {provider} takes it again"),
            false => authoriser.source(),
        };
        Ok(Authorisation { kind: authoriser.context.kind.clone(), source })
    }

    async fn log_in(&self, provider: &str, auth: &Auth, scopes: &[String]) -> Result<String, TransportError> {
        let (origin, context) = self.authorisers.context(&self.settings, provider, auth).map_err(told)?;
        let scoped = match scopes.is_empty() {
            true => None,
            false => {
                let scopes = serde_json::json!(scopes).to_string();
                Some(self.with(provider, &context, "scopes", &scopes).map_err(told)?)
            }
        };
        self.sources.forget().await;
        let origin = if scoped.is_some() { Origin::User } else { origin };
        let authoriser = made(provider, origin, scoped.clone().unwrap_or(context)).map_err(told)?;
        let said = Box::pin(authoriser.obtained(self)).await.map_err(told)?;
        self.authorisers.admit(provider, scoped);
        Ok(said)
    }

    async fn revoke(&self, provider: &str) {
        self.authorisers.revoke(provider);
        self.sources.forget().await;
    }

    fn set(&self, provider: &str, auth: &Auth, key: &str, value: &str) -> Result<(), TransportError> {
        let (_, context) = self.authorisers.context(&self.settings, provider, auth).map_err(told)?;
        let changed = self.with(provider, &context, key, value).map_err(told)?;
        self.authorisers.change(provider, changed);
        Ok(())
    }
}

impl Client {
    /// A context with another value of a key, which is good for the provider.
    fn with(&self, provider: &str, context: &AuthContext, key: &str, value: &str) -> Result<AuthContext, Failure> {
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
        made(provider, Origin::User, changed.clone())?;
        Ok(changed)
    }
}

impl Authorisers {
    /// The context that counts for a provider, whether it is given up or not, and who wrote it.
    fn context(&self, settings: &Settings, provider: &str, auth: &Auth) -> Result<(Origin, AuthContext), Failure> {
        let state = self.state();
        let (origin, text) = state.origin(settings, provider, auth);
        Ok((origin, state.context(origin, settings, provider, text)?))
    }

    /// Forgets what was found for a provider.
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

impl Authoriser {
    /// Obtains what the kind authorises by, and says what it is.
    async fn obtained(self: &Arc<Self>, client: &Client) -> Result<String, Failure> {
        let (kind, source) = (&self.context.kind, self.source());
        Ok(match &self.kind {
            Kind::Open => "requests carry no credentials".to_owned(),
            Kind::Keys(_) => {
                let keys = client.keys(self).await?;
                let id = keys.as_ref().map(Credentials::access_key_id).unwrap_or_default();
                format!("{kind} with the access key {id}, from {source}")
            }
            Kind::Placed(prefix, found) => {
                self.placed(client, *prefix, found).await?;
                format!("{kind}, from {source}")
            }
            Kind::Signature(found) => {
                let signatory = self.signatory(client, found).await?;
                format!("{kind} as {}, from {source}", signatory.key_id())
            }
            Kind::Token(grant, _) => {
                let token = Box::pin(self.token(client, *grant)).await?;
                let lifetime = token.lifetime.map(|life| format!(" that stands for {} s", life.as_secs()));
                format!("{kind} with a token{}, from {source}", lifetime.unwrap_or_default())
            }
            Kind::Database => {
                self.database(&client.settings.environment)?;
                format!("{kind}, from {source}")
            }
        })
    }
}

fn made(provider: &str, origin: Origin, context: AuthContext) -> Result<Arc<Authoriser>, Failure> {
    let authoriser = Authoriser::new(provider, origin, context);
    authoriser.map(Arc::new).map_err(|text| (TransportErrorKind::Configuration, text))
}

fn told((kind, message): Failure) -> TransportError {
    TransportError { kind, message, attempts: Vec::new() }
}

#[cfg(test)]
mod tests;
