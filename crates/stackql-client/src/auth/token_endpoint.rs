//! The client of OAuth token endpoints: sends a token request with retries, and parses the response into a token or an error.
//! The schemes build the requests.

use std::time::Duration;

use backon::BackoffBuilder;
use http::header::{ACCEPT, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use stackql_call::{TransportErrorKind, status_line};

use super::Authenticator;
use super::token_cache::Token;
use crate::credentials::source::one_line;
use crate::http::client::{AttemptFailure, Client};
use crate::http::url::redacted_url;

const MAX_BODY: usize = 1 << 20;
/// The maximum length of an endpoint's error text in a message, in characters.
const MAX_WORDS: usize = 300;

/// The fields of a form body.
pub(super) type Fields = Vec<(String, String)>;

/// A request to a token endpoint.
pub(crate) struct TokenRequest<'a> {
    pub(crate) url: url::Url,
    pub(crate) request: reqwest::RequestBuilder,
    /// The secrets in the request, which are redacted in messages.
    pub(crate) secrets: Vec<&'a SecretString>,
    /// The advice for a rejected request: a clause that ends the error message.
    pub(crate) advice: &'static str,
}

/// The reply of a token endpoint.
#[derive(Debug)]
pub(crate) enum TokenReply {
    Given(Token),
    /// The HTTP status and the error of a reply without a token.
    Refused(u16, AttemptFailure),
}

/// The text by which scripts recognize that no token was issued.
pub(crate) const TOKEN: &str = "oauth2: cannot fetch token:";

impl TokenRequest<'_> {
    /// Obtains a token; a refusal is an error.
    pub(crate) async fn token(self, of: &Authenticator, client: &Client) -> Result<Token, AttemptFailure> {
        match self.ask(of, client).await? {
            TokenReply::Given(token) => Ok(token),
            TokenReply::Refused(_, failure) => Err(failure),
        }
    }

    /// Sends the request and parses the reply. Retries with backoff after 429, 5xx and connection failures other than TLS ones.
    pub(crate) async fn ask(self, of: &Authenticator, client: &Client) -> Result<TokenReply, AttemptFailure> {
        let endpoint = format!("provider {}: the token endpoint {}", of.provider, redacted_url(&self.url));
        let mut waits = backon::ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_jitter()
            .with_max_times(client.settings.max_attempts.saturating_sub(1) as usize)
            .build();
        loop {
            let Some(request) = self.request.try_clone() else {
                return Err((TransportErrorKind::Configuration, format!("{endpoint} cannot be asked twice")));
            };
            let (again, result) = match body(request).await {
                Ok((status, body)) => {
                    let (said, broken) =
                        (self.describe_reply(&endpoint, status, &parsed(&body)), status == 429 || status >= 500);
                    (broken, Ok(if client.settings.compat { self.in_go(said, &body) } else { said }))
                }
                Err(error) => {
                    let (kind, why) = client.failure(&error, &self.url);
                    (kind != TransportErrorKind::Tls, Err((kind, format!("{endpoint} gave no answer: {why}"))))
                }
            };
            let wait = if again { waits.next() } else { None };
            let Some(wait) = wait else { return result };
            tokio::time::sleep(wait).await;
        }
    }

    /// Rewrites a refusal into the message of the Go implementation, with the body of the response.
    fn in_go(&self, said: TokenReply, body: &[u8]) -> TokenReply {
        match said {
            TokenReply::Refused(status, (kind, _)) if !(200..300).contains(&status) => {
                let body = without_secrets(String::from_utf8_lossy(body).into_owned(), &self.secrets);
                let told = format!("{TOKEN} {}\nResponse: {}", status_line(status), body.trim_end());
                TokenReply::Refused(status, (kind, told))
            }
            said => said,
        }
    }

    fn describe_reply(&self, endpoint: &str, status: u16, answer: &Value) -> TokenReply {
        if let (200..300, Some(token)) = (status, token_from_reply(answer)) {
            return TokenReply::Given(token);
        }
        let (why, check) = match status {
            200..300 => ("no access_token".to_owned(), self.advice),
            429 | 500.. => (masked(explained(answer), &self.secrets), "try again later"),
            _ => (masked(explained(answer), &self.secrets), self.advice),
        };
        let colon = if why.is_empty() { "" } else { ": " };
        let said = match status {
            200..300 => format!("{endpoint} answered {status}{colon}{why}; {check}"),
            _ => format!("{endpoint}: {TOKEN} {}{colon}{why}; {check}", status_line(status)),
        };
        TokenReply::Refused(status, (TransportErrorKind::Credentials, said))
    }
}

/// Sends a request; returns status and JSON body of the response. A body that is not JSON is `null`.
pub(super) async fn answer(request: reqwest::RequestBuilder) -> reqwest::Result<(u16, Value)> {
    body(request).await.map(|(status, body)| (status, parsed(&body)))
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

async fn body(request: reqwest::RequestBuilder) -> reqwest::Result<(u16, Vec<u8>)> {
    let mut answer = request.send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await?
        && body.len() + chunk.len() <= MAX_BODY
    {
        body.extend_from_slice(&chunk);
    }
    Ok((answer.status().as_u16(), body))
}

/// The token of a response; `None` if it has none.
pub(super) fn token_from_reply(answer: &Value) -> Option<Token> {
    let token = answer["access_token"].as_str().filter(|token| !token.is_empty())?;
    Some(Token::new(token, lifetime(&answer["expires_in"])))
}

/// Parses the URL of a token endpoint; `None` if it is not one of HTTP or HTTPS with a host.
pub(super) fn address(text: &str) -> Option<url::Url> {
    text.parse().ok().filter(|url: &url::Url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The `request` with these fields as its form body.
pub(super) fn form(request: reqwest::RequestBuilder, fields: &[(String, String)]) -> reqwest::RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").header(ACCEPT, "application/json").body(body)
}

/// A time in seconds, as a number or a text.
pub(super) fn lifetime(seconds: &Value) -> Option<Duration> {
    let text = seconds.as_str().and_then(|text| text.trim().parse().ok());
    seconds.as_u64().or(text).map(Duration::from_secs)
}

/// The error text of a response: the fields `error` and `error_description` of OAuth, else the forms of other APIs.
fn explained(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let error = &answer["error"];
    let parts = match error {
        Value::Object(_) => [text(&error["code"]), text(&error["message"])],
        _ => [text(error), text(&answer["error_description"])],
    };
    let said = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    if said.is_empty() { text(&answer["message"]) } else { said }
}

/// Redacts the secrets in a text, in case the endpoint echoes them.
fn without_secrets(text: String, secrets: &[&SecretString]) -> String {
    let secrets = secrets.iter().map(|secret| secret.expose_secret()).filter(|secret| secret.len() > 3);
    secrets.fold(text, |text, secret| text.replace(secret, "***"))
}

/// Redacts the secrets in a text, and makes it one line of limited length.
fn masked(text: String, secrets: &[&SecretString]) -> String {
    let text = without_secrets(text, secrets);
    let line = one_line(&text).replace(".; ", "; ");
    let line = line.trim_end_matches('.');
    match line.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
