//! Describes the source of an authenticator's credentials for the user. The text contains no secret, and no value that may be a
//! secret under the wrong key.

use super::context::CredentialKeys;
use super::{Authenticator, ContextOrigin, Grant, Scheme};

/// The source of a credential that is a literal in the context.
const WRITTEN: &str = "the auth context itself";

impl Authenticator {
    /// The description of the credential source, with the origin of the context.
    pub(super) fn source(&self) -> String {
        let context = &self.context;
        let found = match &self.kind {
            Scheme::None => return "nothing is needed".to_owned(),
            Scheme::Keys(_) => of_keys(&context.credential).unwrap_or_else(|| {
                "variables, profiles, single sign-on, web identity, container or instance".to_owned()
            }),
            Scheme::Static(..) => of_keys(&context.credential).unwrap_or_else(|| "nowhere".to_owned()),
            Scheme::Token(Grant::OAuth2, _) => {
                let keys = &context.oauth2;
                let literal = keys.client_secret.as_ref().map(|_| WRITTEN.to_owned());
                keys.client_secret_env_var.as_deref().map(variable).or(literal).unwrap_or_else(|| "nowhere".to_owned())
            }
            Scheme::Token(Grant::ServiceAccount, _) => {
                of_keys(&context.credential).unwrap_or_else(|| "nowhere".to_owned())
            }
            Scheme::Token(Grant::Interactive, _) => "a file of the user, gcloud, or the metadata server".to_owned(),
            Scheme::Token(Grant::Azure, _) => "variables, az, or the managed identity".to_owned(),
            Scheme::Signature(_) => {
                let keys = &context.oci;
                let path = |path: &String| format!("the file {path}");
                let written = keys.private_key.as_ref().map(|_| WRITTEN.to_owned());
                let named = keys.private_key_env_var.as_deref().map(variable);
                let key = named.or(written).or_else(|| keys.private_key_path.as_ref().map(path));
                key.or_else(|| keys.config_file_path.as_ref().map(path))
                    .unwrap_or_else(|| "the configuration file of the vendor's own tools".to_owned())
            }
            Scheme::Database => match context.database.as_ref().and_then(|keys| keys.dsn.as_ref()) {
                Some(_) => WRITTEN.to_owned(),
                None => of_keys(&context.credential).unwrap_or_else(|| "nowhere".to_owned()),
            },
        };
        let by = match self.origin {
            ContextOrigin::User => "as you said",
            ContextOrigin::Definitions => "as the definitions say",
            ContextOrigin::SchemeOnly => "as is usual",
        };
        format!("{found}, {by}")
    }
}

/// The source of a credential; `None` if the keys name none.
fn of_keys(keys: &CredentialKeys) -> Option<String> {
    if let Some(name) = &keys.variable {
        return Some(variable(name));
    }
    if let Some(name) = &keys.file_variable {
        return Some(format!("the file that {} names", variable(name)));
    }
    if let Some(path) = &keys.file {
        return Some(format!("the file {path}"));
    }
    let variables = [&keys.username_var, &keys.password_var, &keys.api_key_var, &keys.api_secret_var];
    let variables: Vec<String> = variables.into_iter().flatten().map(|name| variable(name)).collect();
    let is_written = keys.username.is_some() || keys.password.is_some() || keys.api_key.is_some();
    match (variables.is_empty(), is_written) {
        (false, _) => Some(variables.join(" and ")),
        (true, true) => Some(WRITTEN.to_owned()),
        (true, false) => None,
    }
}

/// A variable by its name; a text that is not a valid name may be the secret itself and is omitted.
fn variable(name: &str) -> String {
    match name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        true => format!("the variable {name}"),
        false => "what is no name of a variable".to_owned(),
    }
}
