//! Static credentials, which are sent as they are: `api_key`, `bearer`, `basic`, `custom`. Owns their location in a request and
//! their prefix; tokens are added to requests by it, too.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri};
use secrecy::{ExposeSecret, SecretString};

use super::context::{AuthContext, CredentialKeys};
use super::lookup::{SourceError, credential};
use crate::Environment;

/// A credential and its location in a request.
#[derive(Debug)]
pub(crate) struct StaticCredential {
    pub(crate) at: CredentialLocation,
    pub(crate) value: SecretString,
}

/// The location of a credential in a request.
#[derive(Debug)]
pub(crate) enum CredentialLocation {
    /// In the header of this name.
    Header(HeaderName),
    /// In the query parameter of this name.
    Query(String),
}

/// The prefix of a credential, such as `Bearer `.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValuePrefix {
    /// The prefix of the context, else this one.
    Default(&'static str),
    /// This prefix, regardless of the context.
    Always(&'static str),
}

/// The credentials of `context` and its successors.
pub(crate) fn credentials(
    context: &AuthContext,
    prefix: ValuePrefix,
    environment: &Environment,
) -> Result<Vec<StaticCredential>, SourceError> {
    let mut all = Vec::new();
    let mut next = Some(&context.credential);
    while let Some(keys) = next {
        let which = if all.is_empty() { "" } else { " in its successor" };
        let Some(found) = credential(keys, environment)? else {
            return Err(format!("names no credential{which}; give credentialsenvvar, or another source").into());
        };
        all.push(StaticCredential::new(keys, prefix, &found.sent())?);
        next = keys.successor.as_ref().map(|successor| &successor.credential);
    }
    Ok(all)
}

impl StaticCredential {
    /// The credential `value` at the location that `keys` name, by default the header `Authorization`.
    pub(crate) fn new(keys: &CredentialKeys, prefix: ValuePrefix, value: &SecretString) -> Result<Self, SourceError> {
        let at = match (keys.location.as_deref().unwrap_or("header"), keys.name.as_deref()) {
            ("header", None) => CredentialLocation::Header(http::header::AUTHORIZATION),
            ("header", Some(name)) => CredentialLocation::Header(
                name.trim().parse().map_err(|_| format!("has the name '{name}', which no header can have"))?,
            ),
            ("query", Some(name)) => CredentialLocation::Query(name.to_owned()),
            ("query", None) => return Err("has the location query and no name; give name, the parameter's".into()),
            (other, _) => return Err(format!("has the location '{other}'; known are header and query").into()),
        };
        let prefix = match prefix {
            ValuePrefix::Always(prefix) => prefix,
            ValuePrefix::Default(prefix) => keys.prefix.as_deref().unwrap_or(prefix),
        };
        Ok(Self { at, value: format!("{prefix}{}", value.expose_secret()).into() })
    }

    /// Adds the credential to `request`.
    pub(crate) fn add_to(&self, request: &mut Request<Bytes>) -> Result<(), SourceError> {
        match &self.at {
            CredentialLocation::Header(name) => {
                let mut value = HeaderValue::from_str(self.value.expose_secret()).map_err(
                    |_| "has a credential with characters that no header can carry; is there a line break in it?",
                )?;
                value.set_sensitive(true);
                request.headers_mut().insert(name, value);
            }
            CredentialLocation::Query(name) => *request.uri_mut() = self.with_parameter(name, request.uri())?,
        }
        Ok(())
    }

    fn with_parameter(&self, name: &str, uri: &Uri) -> Result<Uri, SourceError> {
        let unwritable = "has a credential that no address can carry";
        let mut url = url::Url::parse(&uri.to_string()).map_err(|_| unwritable)?;
        let pair = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(name, self.value.expose_secret())
            .finish()
            .replace('+', "%20");
        let query = match url.query().filter(|query| !query.is_empty()) {
            Some(query) => format!("{query}&{pair}"),
            None => pair,
        };
        url.set_query(Some(&query));
        Ok(url.as_str().parse().map_err(|_| unwritable)?)
    }
}
