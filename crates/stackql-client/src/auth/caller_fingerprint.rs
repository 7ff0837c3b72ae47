//! The fingerprint of an authenticator's credentials, which is a part of the caller identity in the key of the response cache.
//! Sends no API request; tokens are obtained if there is none yet.

use secrecy::ExposeSecret;

use super::{Authenticator, Scheme};
use crate::digest::fingerprint;
use crate::http::client::{AttemptFailure, Client};

impl Authenticator {
    /// A digest that differs between callers that may get different responses; it reveals no secret. `key_id` is the access key
    /// id, if the scheme signs with access keys.
    pub(crate) async fn whose(&self, client: &Client, key_id: Option<&str>) -> Result<String, AttemptFailure> {
        let kind = self.context.kind.as_str();
        Ok(match &self.kind {
            Scheme::None => fingerprint([kind]),
            Scheme::Keys(_) => fingerprint([kind, key_id.unwrap_or_default()]),
            Scheme::Static(prefix, found) => {
                let all = self.static_credential(client, *prefix, found).await?;
                let places: Vec<String> = all.iter().map(|one| format!("{:?}", one.at)).collect();
                let values = all.iter().map(|one| one.value.expose_secret());
                fingerprint([kind].into_iter().chain(places.iter().map(String::as_str)).chain(values))
            }
            Scheme::Signature(found) => fingerprint([kind, self.signatory(client, found).await?.key_id()]),
            Scheme::Token(grant, tokens) => {
                let (token, _) = Box::pin(tokens.token(self.token(client, *grant))).await?;
                fingerprint([kind, &token.whose(), token.quota_project.as_deref().unwrap_or_default()])
            }
            Scheme::Database => fingerprint([kind, self.database(&client.settings.environment)?.expose_secret()]),
        })
    }
}

#[cfg(test)]
mod tests;
