//! Auth contexts, as users and provider definitions write them: their keys, parsing and changes. Resolving the credentials that
//! the keys name is up to the authenticators.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny};
use serde_json::Value;

use crate::SettingsError;
use crate::config::structured_flag::structured;
use crate::rate_limit::limiter::CredentialHash;

/// The auth context of a provider: how its requests are authenticated. Debug prints no secret.
#[derive(Clone, Deserialize)]
pub struct AuthContext {
    /// The scheme, such as `aws_signing_v4` or `null_auth`; empty if the context does not name it.
    #[serde(rename = "type", default, deserialize_with = "kind")]
    pub(crate) kind: String,
    #[serde(flatten)]
    pub(crate) credential: CredentialKeys,
    #[serde(flatten)]
    pub(crate) aws: AwsKeys,
    #[serde(flatten)]
    pub(crate) oauth2: OAuth2Keys,
    #[serde(flatten)]
    pub(crate) oci: OciKeys,
    /// The database of the provider.
    #[serde(rename = "sqlDataSource")]
    pub(crate) database: Option<DatabaseKeys>,
    /// Unknown keys, which are kept for errors: a misspelled key must not lead to other credentials.
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, IgnoredAny>,
    /// The hash of the context's text, as its caller identity.
    #[serde(skip)]
    pub(crate) written: CredentialHash,
    /// The context's text as JSON, from which changed contexts are built.
    #[serde(skip)]
    text: SecretString,
}

/// The keys of a database.
#[derive(Clone, Deserialize)]
pub(crate) struct DatabaseKeys {
    /// The data source name: address, user and password.
    #[serde(default, deserialize_with = "secret")]
    pub(crate) dsn: Option<SecretString>,
}

/// The keys of a credential: its source, and its location in a request.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CredentialKeys {
    #[serde(rename = "credentialsenvvar")]
    pub(crate) variable: Option<String>,
    #[serde(rename = "credentialsfilepathenvvar")]
    pub(crate) file_variable: Option<String>,
    #[serde(rename = "credentialsfilepath")]
    pub(crate) file: Option<String>,
    pub(crate) username_var: Option<String>,
    pub(crate) password_var: Option<String>,
    pub(crate) api_key_var: Option<String>,
    pub(crate) api_secret_var: Option<String>,
    #[serde(deserialize_with = "scalar")]
    pub(crate) username: Option<String>,
    #[serde(deserialize_with = "secret")]
    pub(crate) password: Option<SecretString>,
    #[serde(deserialize_with = "secret")]
    pub(crate) api_key: Option<SecretString>,
    #[serde(deserialize_with = "secret")]
    pub(crate) api_secret: Option<SecretString>,
    pub(crate) location: Option<String>,
    pub(crate) name: Option<String>,
    #[serde(rename = "valuePrefix")]
    pub(crate) prefix: Option<String>,
    pub(crate) successor: Option<Box<Successor>>,
}

/// The keys of a further credential of the same request.
#[derive(Clone, Deserialize)]
pub(crate) struct Successor {
    /// The scheme, which is always that of the first credential; accepted because contexts repeat it.
    #[serde(rename = "type")]
    _kind: Option<IgnoredAny>,
    #[serde(flatten)]
    pub(crate) credential: CredentialKeys,
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, IgnoredAny>,
}

/// The keys of the AWS schemes, in addition to those of a credential.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AwsKeys {
    #[serde(rename = "keyID")]
    pub(crate) key_id: Option<String>,
    #[serde(rename = "keyIDenvvar")]
    pub(crate) key_id_variable: Option<String>,
    pub(crate) aws_role_arn: Option<String>,
    pub(crate) aws_role_arn_env_var: Option<String>,
    pub(crate) aws_role_session_name: Option<String>,
    pub(crate) aws_role_external_id: Option<String>,
    pub(crate) aws_role_external_id_env_var: Option<String>,
    pub(crate) aws_sts_region: Option<String>,
    pub(crate) aws_sts_endpoint: Option<String>,
    pub(crate) aws_role_duration_seconds: Option<u32>,
}

/// The keys of the schemes that obtain a token by OAuth 2.0.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OAuth2Keys {
    pub(crate) grant_type: Option<String>,
    pub(crate) token_url: Option<String>,
    #[serde(deserialize_with = "scalar")]
    pub(crate) client_id: Option<String>,
    pub(crate) client_id_env_var: Option<String>,
    #[serde(deserialize_with = "secret")]
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) client_secret_env_var: Option<String>,
    #[serde(deserialize_with = "scalar")]
    pub(crate) account_id: Option<String>,
    pub(crate) account_id_env_var: Option<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) scopes: Vec<String>,
    /// Additional fields of the token request, by name.
    pub(crate) values: BTreeMap<String, Value>,
    #[serde(deserialize_with = "scalar")]
    pub(crate) auth_style: Option<String>,
    /// The user that a service account acts for.
    #[serde(rename = "sub")]
    pub(crate) subject: Option<String>,
}

/// The keys of the OCI signature scheme.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OciKeys {
    pub(crate) tenancy_ocid: Option<String>,
    pub(crate) tenancy_ocid_env_var: Option<String>,
    pub(crate) user_ocid: Option<String>,
    pub(crate) user_ocid_env_var: Option<String>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) fingerprint_env_var: Option<String>,
    #[serde(deserialize_with = "secret")]
    pub(crate) private_key: Option<SecretString>,
    pub(crate) private_key_env_var: Option<String>,
    pub(crate) private_key_path: Option<String>,
    pub(crate) private_key_path_env_var: Option<String>,
    #[serde(deserialize_with = "secret")]
    pub(crate) passphrase: Option<SecretString>,
    pub(crate) passphrase_env_var: Option<String>,
    /// Ignored, since the endpoint determines the region; declared so that the keys do not count as misspelled.
    #[serde(rename = "region")]
    _region: Option<IgnoredAny>,
    #[serde(rename = "region_env_var")]
    _region_env_var: Option<IgnoredAny>,
    pub(crate) config_file_path: Option<String>,
    pub(crate) config_file_path_env_var: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) profile_env_var: Option<String>,
}

/// Parses the auth contexts by provider from JSON or YAML.
///
/// # Errors
///
/// [`SettingsError::Auth`] if the text has another form.
pub fn auth_contexts(text: &str) -> Result<BTreeMap<String, AuthContext>, SettingsError> {
    let written: BTreeMap<String, Value> = structured(text).map_err(|_| SettingsError::Auth)?;
    let context = |(provider, text): (String, Value)| {
        let read = AuthContext::parse(text).map_err(|_| SettingsError::Auth)?;
        Ok((provider, read))
    };
    written.into_iter().map(context).collect()
}

/// Prints only the scheme, since any other value may be a secret under the wrong key.
impl fmt::Debug for AuthContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthContext").field("type", &self.kind).finish_non_exhaustive()
    }
}

impl AuthContext {
    /// Parses the context of a provider definition, which is JSON.
    pub(crate) fn of_definitions(text: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("is not of the form {{\"type\": …}}: {why}");
        let read: Self = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
        if read.kind.is_empty() {
            // Without a scheme, requests would be sent without the credentials that the definition names.
            return Err(wrong("it has no type".to_owned()));
        }
        Ok(Self { written: CredentialHash::from_parts(&[text]), text: text.into(), ..read })
    }

    fn parse(written: Value) -> Result<Self, serde_json::Error> {
        let text = written.to_string();
        Ok(Self {
            written: CredentialHash::from_parts(&[&text]),
            text: text.into(),
            ..serde_json::from_value(written)?
        })
    }

    /// A copy of the context with another value of a key; `a.b` is the member `b` of `a`. A value is text unless it is a JSON
    /// list or object; a JSON number is tried as a number if the key does not accept text.
    ///
    /// # Errors
    ///
    /// The key does not accept such a value. The error does not repeat the value.
    pub(crate) fn with(&self, key: &str, value: &str) -> Result<Self, String> {
        let mut written: Value = serde_json::from_str(self.text.expose_secret()).unwrap_or_default();
        let mut place = &mut written;
        for part in key.split('.') {
            if !place.is_object() {
                *place = Value::Object(serde_json::Map::new());
            }
            place = &mut place[part];
        }
        let is_nested = value.trim_start().starts_with(['[', '{']);
        let read = |value: &str| serde_json::from_str::<Value>(value).ok();
        let nested = is_nested.then(|| read(value)).flatten();
        *place = nested.unwrap_or_else(|| Value::String(value.to_owned()));
        let unfit = |_| format!("takes no such value as {key}");
        // Some keys accept only numbers.
        let number = read(value).filter(Value::is_number);
        let with_number = number.map(|number| {
            let mut written = written.clone();
            let found = key.split('.').try_fold(&mut written, |place, part| place.get_mut(part));
            found.into_iter().for_each(|place| *place = number.clone());
            written
        });
        Self::parse(written).or_else(|error| with_number.map_or(Err(error), Self::parse)).map_err(unfit)
    }

    /// A context that has only a scheme.
    pub(crate) fn of_kind(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            credential: CredentialKeys::default(),
            aws: AwsKeys::default(),
            oauth2: OAuth2Keys::default(),
            oci: OciKeys::default(),
            database: None,
            unknown: BTreeMap::new(),
            written: CredentialHash::from_parts(&[kind]),
            text: serde_json::json!({ "type": kind }).to_string().into(),
        }
    }

    /// The context with `kind` as its scheme, if it names none itself.
    pub(crate) fn or_kind(self, kind: &str) -> Self {
        match self.kind.is_empty() {
            true => Self { kind: kind.to_owned(), ..self },
            false => self,
        }
    }

    /// The first unknown key of this context or its successors.
    pub(crate) fn misspelt(&self) -> Option<&str> {
        let mut next = self.credential.successor.as_deref();
        let mut found = self.unknown.keys().next();
        while let (None, Some(successor)) = (found, next) {
            found = successor.unknown.keys().next();
            next = successor.credential.successor.as_deref();
        }
        found.map(String::as_str)
    }
}

/// Deserializes a text; accepts numbers and booleans, which YAML makes of some unquoted texts.
fn scalar<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
        Some(_) => Err(D::Error::custom("a text is wanted")),
    }
}

fn kind<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(scalar(from)?.unwrap_or_default())
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(scalar(from)?.map(SecretString::from))
}

/// Deserializes a list of texts, or one text that is split at whitespace.
fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.split_whitespace().map(str::to_owned).collect()),
        Some(value) => serde_json::from_value(value).map_err(|_| D::Error::custom("a list of texts is wanted")),
    }
}
