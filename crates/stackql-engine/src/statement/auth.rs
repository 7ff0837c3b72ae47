//! SHOW AUTH, AUTH LOGIN, AUTH REVOKE, and the SET of a key of an auth context. Owns what they say; credentials are the
//! keyring's.

use std::sync::Arc;

use stackql_call::Keyring;
use stackql_provider::{Auth, Provider};
use stackql_sql::Show;

use crate::error::Error;
use crate::session::{Session, message_output, rows_output};
use crate::statement::listing::Listing;
use crate::statement::show::filter_listing;
use crate::{Failure, StatementOutput};

/// What the settings begin with that are keys of auth contexts: `$.auth.<provider>.<key>`.
const AUTH: &str = "$.auth.";

/// The provider and the key that a setting of this name is about, if it is one of an auth context.
pub(crate) fn key_of(name: &str) -> Option<(&str, &str)> {
    let rest = name.trim_matches('"').strip_prefix(AUTH)?;
    Some(rest.split_once('.').unwrap_or((rest, "")))
}

/// Whether a statement may have a credential in it, so that it is not repeated.
pub(crate) fn may_be_secret(statement: &str) -> bool {
    statement.to_ascii_lowercase().contains(AUTH)
}

impl Session {
    fn keyring(&self) -> Result<&dyn Keyring, Error> {
        self.keyring.as_deref().ok_or_else(|| Error::invalid("this session has no credentials"))
    }

    /// The provider of this name, and what its definitions say of its credentials: its first service speaks for all, and
    /// one that cannot be read is none.
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
            // A context that is wrong is told of with the others, and alone as an error.
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
