//! The client credentials grant of OAuth 2.0. Builds the token request from an auth context; sending it and parsing the
//! response is up to [`super::token_endpoint`].

use std::sync::LazyLock;

use regex::{Captures, Regex};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::Authenticator;
use super::lookup::{SourceError, env_or_literal, hidden, set, variable};
use super::token_cache::Token;
use super::token_endpoint::{Fields, TokenReply, TokenRequest, address, form};
use crate::Environment;
use crate::auth::context::AuthContext;
use crate::http::client::{AttemptFailure, Client};

const CHECK: &str = "check the client id, its secret, the scopes and the token_url";

/// The parameters of a token request.
struct Application {
    url: url::Url,
    id: String,
    secret: SecretString,
    fields: Fields,
    /// The values that the context adds to the form; they may be secret and are redacted in errors.
    values: Vec<SecretString>,
    style: Style,
}

/// The location of the client id and secret in the request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// In the header; if that is rejected, in the form.
    Either,
    Form,
    Header,
}

/// Obtains a token.
pub(super) async fn token(of: &Authenticator, client: &Client) -> Result<Token, AttemptFailure> {
    let asked = Application::from_context(&of.context, &client.settings.environment).map_err(|e| of.failure(&e))?;
    let token = match asked.style {
        Style::Form => asked.in_form(client).token(of, client).await?,
        Style::Header => asked.in_header(client).token(of, client).await?,
        Style::Either => match asked.in_header(client).ask(of, client).await? {
            TokenReply::Given(token) => token,
            TokenReply::Refused(400 | 401, _) => asked.in_form(client).token(of, client).await?,
            TokenReply::Refused(_, failure) => return Err(failure),
        },
    };
    let fields = asked.fields.iter().flat_map(|(name, value)| [name.as_str(), value]);
    Ok(token.with_cache_key([asked.url.as_str(), &asked.id, asked.secret.expose_secret()].into_iter().chain(fields)))
}

impl Application {
    fn from_context(context: &AuthContext, environment: &Environment) -> Result<Self, SourceError> {
        let keys = &context.oauth2;
        let url = keys.token_url.as_deref().ok_or("names no token_url; give the address that gives tokens")?;
        let url = address(&expand_env("token_url", url, environment)?)
            .ok_or("has a token_url that is no URL; give one like https://host/token")?;
        let id =
            env_or_literal(environment, "client_id_env_var", keys.client_id_env_var.as_ref(), keys.client_id.as_ref())?;
        let id = id.ok_or("names no client; give client_id or client_id_env_var")?;
        let secret = hidden(
            environment,
            "client_secret_env_var",
            keys.client_secret_env_var.as_ref(),
            keys.client_secret.as_ref(),
        )?;
        let secret = secret.ok_or("names no secret of the client; give client_secret or client_secret_env_var")?;
        let account = env_or_literal(
            environment,
            "account_id_env_var",
            keys.account_id_env_var.as_ref(),
            keys.account_id.as_ref(),
        )?;
        let mut fields = Vec::new();
        let mut values = keys.values.clone();
        let grant = keys.grant_type.clone().unwrap_or_else(|| "client_credentials".to_owned());
        // An endpoint may name the grant differently; the request is otherwise the same.
        let grant = values.remove("grant_type").map_or_else(|| Ok(vec![grant]), |own| texts("grant_type", &own))?;
        fields.extend(grant.into_iter().map(|grant| ("grant_type".to_owned(), grant)));
        if !keys.scopes.is_empty() {
            fields.push(("scope".to_owned(), keys.scopes.join(" ")));
        }
        fields.extend(account.map(|account| ("account_id".to_owned(), account)));
        let mut hushed = Vec::new();
        for (name, value) in values {
            for text in texts(&name, &value)? {
                let text = expand_env("values", &text, environment)?;
                hushed.push(text.clone().into());
                fields.push((name.clone(), text));
            }
        }
        let style = match keys.auth_style.as_deref() {
            None | Some("0") => Style::Either,
            Some("1") => Style::Form,
            Some("2") => Style::Header,
            Some(_) => return Err("has an auth_style that is none of 0 (either), 1 (form) and 2 (header)".into()),
        };
        Ok(Self { url, id, secret, fields, values: hushed, style })
    }

    fn in_header<'a>(&'a self, client: &Client) -> TokenRequest<'a> {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let request = client.pool.post(self.url.clone());
        let request = request.basic_auth(encoded(&self.id), Some(encoded(self.secret.expose_secret())));
        self.question(request, &self.fields)
    }

    fn in_form<'a>(&'a self, client: &Client) -> TokenRequest<'a> {
        let mut fields = self.fields.clone();
        fields.push(("client_id".to_owned(), self.id.clone()));
        fields.push(("client_secret".to_owned(), self.secret.expose_secret().to_owned()));
        self.question(client.pool.post(self.url.clone()), &fields)
    }

    fn question(&self, request: reqwest::RequestBuilder, fields: &[(String, String)]) -> TokenRequest<'_> {
        let request = form(request, fields);
        let secrets = self.values.iter().chain([&self.secret]).collect();
        TokenRequest { url: self.url.clone(), request, secrets, advice: CHECK }
    }
}

/// The texts of a value, which is a scalar or a list.
fn texts(name: &str, value: &Value) -> Result<Vec<String>, SourceError> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Number(_) | Value::Bool(_) => Ok(vec![value.to_string()]),
        Value::Array(all) => Ok(all.iter().map(|one| texts(name, one)).collect::<Result<Vec<_>, _>>()?.concat()),
        _ => Err(format!("has the value '{name}', which is neither a text nor a list of texts").into()),
    }
}

/// Expands the variables that `text` names as `{{ .__env__NAME }}`.
fn expand_env(key: &'static str, text: &str, environment: &Environment) -> Result<String, SourceError> {
    static NAMED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{\{-?\s*\.__env__(\w+)\s*-?\}\}").expect("the pattern is sound"));
    if let Some(name) = NAMED.captures_iter(text).find(|found| set(environment, &found[1]).is_none()) {
        variable(environment, key, &name[1])?;
    }
    let value = |found: &Captures<'_>| set(environment, &found[1]).unwrap_or_default().to_owned();
    Ok(NAMED.replace_all(text, value).into_owned())
}
