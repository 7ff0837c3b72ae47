//! The seam to the credentials of providers: the [`Keyring`] trait.

use std::fmt;

use async_trait::async_trait;
use stackql_provider::Auth;

use crate::TransportError;

/// Shows where the credentials of providers come from, and changes them for this process.
///
/// `auth` is the part of the provider's definitions about authentication. No return value contains a secret.
#[async_trait]
pub trait Keyring: fmt::Debug + Send + Sync {
    /// The scheme and source of the credentials for a provider. It reads no credentials.
    ///
    /// # Errors
    ///
    /// The auth context of the provider is invalid.
    fn credential_info(&self, provider: &str, auth: &Auth) -> Result<CredentialInfo, TransportError>;

    /// Obtains new credentials for a provider and returns a description of them. `scopes`, if not empty, replace the scopes
    /// of its auth context. It also lifts a [`Self::revoke`].
    ///
    /// # Errors
    ///
    /// No credentials can be obtained; the auth context then stays as it was.
    async fn log_in(&self, provider: &str, auth: &Auth, scopes: &[String]) -> Result<String, TransportError>;

    /// Drops the credentials obtained for a provider and refuses to authenticate requests to it until [`Self::log_in`].
    async fn revoke(&self, provider: &str);

    /// Changes a key of a provider's auth context for the requests that follow; `a.b` is the member `b` of `a`.
    ///
    /// # Errors
    ///
    /// The key does not exist or does not take the value; nothing is changed then. The message does not contain the value.
    fn set(&self, provider: &str, auth: &Auth, key: &str, value: &str) -> Result<(), TransportError>;
}

/// How requests to a provider are authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialInfo {
    /// The kind of the auth context, such as a key or a token scheme.
    pub scheme: String,
    /// Where the credentials come from, for display.
    pub source: String,
}
