//! Access tokens of a Google Cloud login, from the first of these sources that has one: the file that a variable names, gcloud,
//! the application default credentials, the metadata server. Owns the order of the sources.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use stackql_call::TransportErrorKind;

use super::lookup::{file, set};
use super::token_cache::Token;
use super::{Authenticator, cli_helper, google, token_endpoint};
use crate::Environment;
use crate::credentials::source::reason;
use crate::http::client::{AttemptFailure, Client};
use crate::http::url::redacted_url;

const NAMED: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const METADATA_HOST: &str = "GCE_METADATA_HOST";
const USUAL_HOST: &str = "metadata.google.internal";
/// The time limit of the metadata server; on machines that have none, nothing responds at its address.
const METADATA_TIMEOUT: Duration = Duration::from_secs(3);
/// The assumed lifetime of a gcloud token: gcloud does not report it, but refreshes a token before it expires.
const GCLOUD_LIFETIME: Duration = Duration::from_secs(240);

/// Obtains a token from the first source that has one. The file that a variable names comes first, and there is no fallback
/// from it.
pub(super) async fn token(of: &Authenticator, client: &Client) -> Result<Token, AttemptFailure> {
    let environment = &client.settings.environment;
    if let Some(path) = set(environment, NAMED) {
        let text = file(path).map_err(|e| of.failure(&format!("is about the variable {NAMED}: {e}").into()))?;
        return exchanged(of, client, &text).await;
    }
    let mut tried = Vec::new();
    match cli_helper::printed("gcloud", &["auth", "print-access-token", "--quiet"], environment).await {
        None => tried.push("gcloud is not on PATH".to_owned()),
        Some(Err(why)) => tried.push(why),
        Some(Ok(token)) if token.trim().is_empty() => tried.push("gcloud printed no token".to_owned()),
        Some(Ok(token)) => {
            let token = Token::new(token.trim().to_owned(), Some(GCLOUD_LIFETIME));
            return Ok(quota(token, environment));
        }
    }
    match well_known(environment).map(|path| (path.is_file(), path)) {
        Some((true, path)) => {
            let text = file(&path.display().to_string()).map_err(|e| of.failure(&e))?;
            return exchanged(of, client, &text).await;
        }
        Some((false, path)) => tried.push(format!("there is no {}", path.display())),
        None => tried.push("there is no home folder".to_owned()),
    }
    match metadata(of, client).await {
        Ok(token) => Ok(quota(token, environment)),
        Err(why) => {
            tried.push(why);
            let tried = tried.join("; ");
            let said = format!(
                "provider {}: nobody is logged in to Google Cloud: {tried}; log in with gcloud auth login, set {NAMED}, or pass --auth",
                of.provider
            );
            Err((TransportErrorKind::Credentials, said))
        }
    }
}

async fn exchanged(of: &Authenticator, client: &Client, text: &SecretString) -> Result<Token, AttemptFailure> {
    Ok(quota(google::exchange(of, client, text).await?, &client.settings.environment))
}

fn quota(token: Token, environment: &Environment) -> Token {
    let project = set(environment, "GOOGLE_CLOUD_QUOTA_PROJECT").map(str::to_owned);
    Token { quota_project: project.or(token.quota_project.clone()), ..token }
}

/// The path at which gcloud stores the application default credentials.
fn well_known(environment: &Environment) -> Option<PathBuf> {
    let folder = match set(environment, "CLOUDSDK_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None if cfg!(windows) => PathBuf::from(set(environment, "APPDATA")?).join("gcloud"),
        None => PathBuf::from(set(environment, "HOME")?).join(".config/gcloud"),
    };
    Some(folder.join("application_default_credentials.json"))
}

/// A token of the machine's metadata server.
async fn metadata(of: &Authenticator, client: &Client) -> Result<Token, String> {
    let environment = &client.settings.environment;
    if set(environment, "NO_GCE_CHECK").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err("NO_GCE_CHECK is set".to_owned());
    }
    let host = set(environment, METADATA_HOST).unwrap_or(USUAL_HOST);
    let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
    let mut url: url::Url = url.parse().map_err(|_| format!("{METADATA_HOST} is no host"))?;
    let scopes = &of.context.oauth2.scopes;
    if !scopes.is_empty() {
        url.query_pairs_mut().append_pair("scopes", &scopes.join(","));
    }
    let place = format!("the metadata server {}", redacted_url(&url));
    let request = client.pool.get(url).header("Metadata-Flavor", "Google").timeout(METADATA_TIMEOUT);
    match token_endpoint::answer(request).await {
        Ok((status, answer)) => {
            token_endpoint::token_from_reply(&answer).ok_or_else(|| format!("{place} answered {status}"))
        }
        Err(e) => Err(format!("{place} does not answer: {}", reason(&e))),
    }
}
