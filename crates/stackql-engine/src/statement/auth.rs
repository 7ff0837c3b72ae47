//! SHOW AUTH, AUTH LOGIN, AUTH REVOKE, and SET of a key of an auth context. This module owns their output; the keyring owns
//! the credentials.

use std::sync::Arc;

use stackql_call::Keyring;
use stackql_provider::{Auth, Provider};
use stackql_sql::Show;

use crate::error::Error;
use crate::session::{Session, message_output, rows_output};
use crate::statement::listing::Listing;
use crate::statement::show::filter_listing;
use crate::{Failure, StatementOutput};

/// Prefix of settings that are keys of auth contexts: `$.auth.<provider>.<key>`.
const AUTH: &str = "$.auth.";

/// The provider and the key of a setting that belongs to an auth context; `None` for other settings.
pub(crate) fn key_of(name: &str) -> Option<(&str, &str)> {
    let rest = name.trim_matches('"').strip_prefix(AUTH)?;
    Some(rest.split_once('.').unwrap_or((rest, "")))
}

/// Whether a statement may contain a credential, so that its text must not occur in messages.
pub(crate) fn may_be_secret(statement: &str) -> bool {
    statement.to_ascii_lowercase().contains(AUTH)
}

impl Session {
    fn keyring(&self) -> Result<&dyn Keyring, Error> {
        self.keyring.as_deref().ok_or_else(|| Error::invalid("this session has no credentials"))
    }

    /// Looks up a provider and its authentication, which is that of its first service whose definitions can be read. Without
    /// such a service, it is empty.
    fn authorised(&self, name: &str) -> Result<(Arc<Provider>, Auth), Error> {
        let provider = self.definitions.provider(name)?;
        let mut services = provider.services.iter();
        let read = services.find_map(|service| self.definitions.service(&provider.name, &service.name).ok());
        let auth = read.map(|service| service.auth.clone()).unwrap_or_default();
        Ok((provider, auth))
    }

    pub(crate) fn show_auth(&self, show: &Show, provider: Option<&str>) -> Result<StatementOutput, Failure> {
        let keyring = self.keyring()?;
        let names = match provider {
            Some(name) => vec![name.to_owned()],
            None => self.definitions.providers().into_iter().map(|entry| entry.name).collect(),
        };
        let mut shown = Vec::new();
        for name in names {
            let (provider, auth) = self.authorised(&name)?;
            // An invalid auth context is a row in the list of all providers, and an error if its provider is named.
            shown.push(match keyring.credential_info(&provider.name, &auth) {
                Ok(found) => [provider.name.clone(), found.scheme, found.source],
                Err(error) if show_all(show) => [provider.name.clone(), String::new(), error.message],
                Err(error) => return Err(Error::from(error).into()),
            });
        }
        Ok(rows_output(filter_listing(Listing::new(&["provider", "type", "source"], &[]).with(shown), show)?))
    }

    pub(crate) async fn log_in(&self, name: &str, scopes: &[String]) -> Result<StatementOutput, Failure> {
        let (provider, auth) = self.authorised(name)?;
        let said = self.keyring()?.log_in(&provider.name, &auth, scopes).await.map_err(Error::from)?;
        Ok(message_output(&format!("{}: {said}", provider.name)))
    }

    pub(crate) async fn revoke(&self, name: &str) -> Result<StatementOutput, Failure> {
        let provider = self.definitions.provider(name).map_err(Error::from)?;
        self.keyring()?.revoke(&provider.name).await;
        let text = "what was obtained to authorise requests is forgotten, and it is not asked before AUTH LOGIN";
        Ok(message_output(&format!("{}: {text}", provider.name)))
    }

    pub(crate) fn set_auth(&self, provider: &str, key: &str, value: &str) -> Result<StatementOutput, Failure> {
        if key.is_empty() {
            return Err(Error::invalid("name a key of an auth context: SET \"$.auth.provider.key\" = '…'").into());
        }
        let (provider, auth) = self.authorised(provider)?;
        self.keyring()?.set(&provider.name, &auth, key, value).map_err(Error::from)?;
        Ok(self.set_message())
    }
}

fn show_all(show: &Show) -> bool {
    matches!(show.kind, stackql_sql::ShowKind::Auth { provider: None })
}
