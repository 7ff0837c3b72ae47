//! Access tokens of Microsoft Entra ID, from the first of these sources that has one: the application of the environment, the
//! login of the Azure CLI, the managed identity of the machine. Owns the order of the sources.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use stackql_call::TransportErrorKind;

use super::lookup::{file, set};
use super::token_cache::Token;
use super::token_endpoint::{TokenRequest, address, form};
use super::{Authenticator, cli_helper, token_endpoint};
use crate::Environment;
use crate::credentials::source::reason;
use crate::http::client::{AttemptFailure, Client};
use crate::http::url::redacted_url;

/// The scope that is requested if the context names none.
const SCOPE: &str = "https://management.azure.com/.default";
const AUTHORITY: &str = "https://login.microsoftonline.com";
const MACHINE: &str = "http://169.254.169.254";
/// The time limit of the managed identity endpoint; on machines that have none, nothing responds at its address.
const MACHINE_TIMEOUT: Duration = Duration::from_secs(3);
const ASSERTED: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const CHECK: &str = "check AZURE_TENANT_ID, AZURE_CLIENT_ID and the secret";

/// Obtains a token from the first source that has one. If the environment names an application, there is no fallback from it.
pub(super) async fn token(of: &Authenticator, client: &Client) -> Result<Token, AttemptFailure> {
    let environment = &client.settings.environment;
    let scopes = &of.context.oauth2.scopes;
    let scope = if scopes.is_empty() { SCOPE.to_owned() } else { scopes.join(" ") };
    if let Some(token) = application(of, client, &scope).await? {
        return Ok(token);
    }
    let mut tried = vec!["AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are not all set".to_owned()];
    let resource = scope.split(' ').next().unwrap_or_default();
    let resource = resource.strip_suffix("/.default").unwrap_or(resource);
    match logged_in(environment, resource).await {
        Ok(token) => return Ok(token),
        Err(why) => tried.push(why),
    }
    match machine(client, resource).await {
        Ok(token) => Ok(token),
        Err(why) => {
            tried.push(why);
            let tried = tried.join("; ");
            let said = format!(
                "provider {}: nobody is logged in to Azure: {tried}; log in with az login, set these variables, or pass --auth",
                of.provider
            );
            Err((TransportErrorKind::Credentials, said))
        }
    }
}

/// A token for the application that the environment names, by its secret or by a federated token; `None` if it names none.
async fn application(of: &Authenticator, client: &Client, scope: &str) -> Result<Option<Token>, AttemptFailure> {
    let environment = &client.settings.environment;
    let variable = |name| set(environment, name);
    let (Some(tenant), Some(id)) = (variable("AZURE_TENANT_ID"), variable("AZURE_CLIENT_ID")) else { return Ok(None) };
    let mut fields = vec![("grant_type", "client_credentials"), ("client_id", id), ("scope", scope)];
    let secret: SecretString = match (variable("AZURE_CLIENT_SECRET"), variable("AZURE_FEDERATED_TOKEN_FILE")) {
        (Some(secret), _) => secret.to_owned().into(),
        (None, Some(path)) => file(path).map_err(|e| of.failure(&e))?,
        (None, None) => return Ok(None),
    };
    match variable("AZURE_CLIENT_SECRET") {
        Some(_) => fields.push(("client_secret", secret.expose_secret())),
        None => {
            fields.extend([("client_assertion_type", ASSERTED), ("client_assertion", secret.expose_secret())]);
        }
    }
    let authority = variable("AZURE_AUTHORITY_HOST").unwrap_or(AUTHORITY).trim_end_matches('/');
    // The vendor's own programs accept the host with and without a URL scheme.
    let scheme = if authority.contains("://") { "" } else { "https://" };
    let url = format!("{scheme}{authority}/{tenant}/oauth2/v2.0/token");
    let wrong = "is about AZURE_AUTHORITY_HOST and AZURE_TENANT_ID, which make no URL";
    let url = address(&url).ok_or_else(|| of.failure(&wrong.into()))?;
    let fields: Vec<(String, String)> = fields.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let request = form(client.pool.post(url.clone()), &fields);
    let asked = TokenRequest { url: url.clone(), request, secrets: vec![&secret], advice: CHECK };
    // The secret is no part of the cache key, since a federated token changes each time.
    Ok(Some(asked.token(of, client).await?.with_cache_key([url.as_str(), id, scope])))
}

/// A token of the Azure CLI's login.
async fn logged_in(environment: &Environment, resource: &str) -> Result<Token, String> {
    let mut arguments = vec!["account", "get-access-token", "--output", "json", "--resource", resource];
    if let Some(tenant) = set(environment, "AZURE_TENANT_ID") {
        arguments.extend(["--tenant", tenant]);
    }
    let Some(printed) = cli_helper::printed("az", &arguments, environment).await else {
        return Err("az is not on PATH".to_owned());
    };
    let answer: Value = serde_json::from_str(&printed?).unwrap_or_default();
    let Some(token) = answer["accessToken"].as_str() else { return Err("az printed no token".to_owned()) };
    // Older versions have only an expiry in local time, so a short lifetime is assumed.
    let lifetime = answer["expires_on"].as_u64().map(from_now).unwrap_or(Duration::from_secs(240));
    Ok(Token::new(token, Some(lifetime)))
}

/// A token of the managed identity of the machine or the app.
async fn machine(client: &Client, resource: &str) -> Result<Token, String> {
    let environment = &client.settings.environment;
    let (base, version) = match set(environment, "IDENTITY_ENDPOINT") {
        Some(url) => (url.to_owned(), "2019-08-01"),
        None => {
            let host = set(environment, "AZURE_POD_IDENTITY_AUTHORITY_HOST").unwrap_or(MACHINE).trim_end_matches('/');
            (format!("{host}/metadata/identity/oauth2/token"), "2018-02-01")
        }
    };
    let mut url: url::Url = base.parse().map_err(|_| "the address of the managed identity is no URL".to_owned())?;
    url.query_pairs_mut().append_pair("api-version", version).append_pair("resource", resource);
    if let Some(id) = set(environment, "AZURE_CLIENT_ID") {
        url.query_pairs_mut().append_pair("client_id", id);
    }
    let place = format!("the managed identity endpoint {}", redacted_url(&url));
    let mut request = client.pool.get(url).timeout(MACHINE_TIMEOUT);
    request = match set(environment, "IDENTITY_HEADER") {
        Some(secret) if set(environment, "IDENTITY_ENDPOINT").is_some() => request.header("X-IDENTITY-HEADER", secret),
        _ => request.header("Metadata", "true"),
    };
    match token_endpoint::answer(request).await {
        Ok((status, answer)) => {
            let token =
                token_endpoint::token_from_reply(&answer).ok_or_else(|| format!("{place} answered {status}"))?;
            let until = token_endpoint::lifetime(&answer["expires_on"]).map(|until| from_now(until.as_secs()));
            Ok(Token { lifetime: token.lifetime.or(until), ..token })
        }
        Err(e) => Err(format!("{place} does not answer: {}", reason(&e))),
    }
}

/// The time from now until a time in seconds since 1970.
fn from_now(until: u64) -> Duration {
    let until = std::time::SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(until));
    until.and_then(|until| until.duration_since(std::time::SystemTime::now()).ok()).unwrap_or_default()
}
