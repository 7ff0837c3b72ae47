//! Google credential documents: exchanges the key of a service account (a signed JWT assertion) or the refresh token of a user
//! for an access token. The document comes from [`super::interactive`] or an auth context.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::Authenticator;
use super::lookup::{SourceError, document};
use super::private_key::PrivateKey;
use super::token_cache::Token;
use super::token_endpoint::{Fields, TokenRequest, address, form};
use crate::auth::context::AuthContext;
use crate::http::client::{AttemptFailure, Client};

/// The scope that is requested if the context names none.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CHECK_KEY: &str = "check that the key is still there, the scopes, and this machine's clock";
const CHECK_USER: &str = "log in with gcloud auth application-default login";

/// A credential document: the key of a service account, or the refresh token of a user.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "type", default)]
    kind: String,
    client_email: Option<String>,
    private_key: Option<SecretString>,
    private_key_id: Option<String>,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    refresh_token: Option<SecretString>,
    token_uri: Option<String>,
    quota_project_id: Option<String>,
}

/// The text by which scripts recognize that a key file is missing.
pub(crate) const KEY_FILE: &str = "service account credentials error:";

/// Obtains a token for the service account whose document the context names.
pub(super) async fn token(of: &Authenticator, client: &Client) -> Result<Token, AttemptFailure> {
    let found = document(&of.context.credential, &client.settings.environment).and_then(|text| match text {
        Some(text) => Ok(text),
        None => Err("names no key of a service account; give credentialsfilepath, credentialsfilepathenvvar or credentialsenvvar".into()),
    });
    let told = |error| match error {
        SourceError::Unopened { path, reason } => format!("gives none: {KEY_FILE} open {path}: {reason}").into(),
        other => other,
    };
    exchange(of, client, &found.map_err(|e| of.failure(&told(e)))?).await
}

/// Exchanges a credential document of either kind for a token.
pub(super) async fn exchange(
    of: &Authenticator,
    client: &Client,
    text: &SecretString,
) -> Result<Token, AttemptFailure> {
    let wrong = |e: SourceError| of.failure(&e);
    let document = Document::parse(text).map_err(wrong)?;
    match document.kind.as_str() {
        "service_account" | "" => {
            let uri = document.token_uri().map_err(wrong)?;
            let assertion = document.assertion(&of.context, uri.as_str(), client.time()).map_err(wrong)?;
            let signed = assertion.expose_secret().to_owned();
            let fields = [("grant_type".to_owned(), JWT_BEARER.to_owned()), ("assertion".to_owned(), signed)];
            let request = form(client.pool.post(uri.clone()), &fields);
            let asked = TokenRequest { url: uri, request, secrets: vec![&assertion], advice: CHECK_KEY };
            let token = asked.token(of, client).await?;
            let keys = &of.context.oauth2;
            let subject = keys.subject.as_deref().unwrap_or_default();
            Ok(token.with_cache_key(
                [text.expose_secret(), subject].into_iter().chain(keys.scopes.iter().map(String::as_str)),
            ))
        }
        "authorized_user" => {
            let uri = document.token_uri().map_err(wrong)?;
            let (fields, secrets) = document.refresh().map_err(wrong)?;
            let request = form(client.pool.post(uri.clone()), &fields);
            let token = TokenRequest { url: uri, request, secrets, advice: CHECK_USER }.token(of, client).await?;
            let token = token.with_cache_key([text.expose_secret()]);
            Ok(Token { quota_project: document.quota_project_id, ..token })
        }
        other => {
            let other = format!(
                "has a document of credentials of the type '{other}'; known are service_account and authorized_user"
            );
            Err(of.failure(&other.into()))
        }
    }
}

impl Document {
    fn parse(text: &SecretString) -> Result<Self, SourceError> {
        serde_json::from_str(text.expose_secret()).map_err(|_| {
            "has a document of credentials that is no JSON of a key; download the key of the service account anew"
                .into()
        })
    }

    fn token_uri(&self) -> Result<url::Url, SourceError> {
        let uri = self.token_uri.as_deref().unwrap_or(TOKEN_URI);
        Ok(address(uri).ok_or("has a document of credentials whose token_uri is no URL")?)
    }

    /// The signed JWT assertion of a service account: issuer, scopes, audience and lifetime.
    fn assertion(&self, context: &AuthContext, audience: &str, now: SystemTime) -> Result<SecretString, SourceError> {
        let (Some(email), Some(key)) = (&self.client_email, &self.private_key) else {
            return Err("has a document of credentials without client_email or private_key".into());
        };
        let key = PrivateKey::parse(key, None).map_err(|why| format!("has a private_key that {why}"))?;
        // Backdated by 10 seconds, since clocks differ a little and an assertion from the future is rejected.
        let since =
            now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(Duration::from_secs(10));
        let scopes = &context.oauth2.scopes;
        let mut claims = json!({
            "iss": email,
            "scope": if scopes.is_empty() { SCOPE.to_owned() } else { scopes.join(" ") },
            "aud": audience,
            "iat": since.as_secs(),
            "exp": since.as_secs() + 3600,
        });
        if let Some(subject) = &context.oauth2.subject {
            claims["sub"] = json!(subject);
        }
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(id) = &self.private_key_id {
            header["kid"] = json!(id);
        }
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = key.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
    }

    /// The form fields of a refresh request, and the secrets among them.
    fn refresh(&self) -> Result<(Fields, Vec<&SecretString>), SourceError> {
        let (Some(id), Some(secret), Some(token)) = (&self.client_id, &self.client_secret, &self.refresh_token) else {
            return Err("has a document of credentials without client_id, client_secret or refresh_token".into());
        };
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", id),
            ("client_secret", secret.expose_secret()),
            ("refresh_token", token.expose_secret()),
        ];
        Ok((fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(), vec![secret, token]))
    }
}

#[cfg(test)]
mod tests;
