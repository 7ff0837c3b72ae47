//! The seam to what speaks for the user: the credentials of providers.

use std::fmt;

use async_trait::async_trait;
use stackql_provider::Auth;

use crate::TransportError;

/// Knows how the requests to providers are authorised, and changes it for this process.
///
/// `auth` is what a provider's definitions say of it. Nothing that is given back has a secret in it.
#[async_trait]
pub trait Keyring: fmt::Debug + Send + Sync {
    /// By what requests to a provider are authorised. Nothing is looked up for that.
    ///
    /// # Errors
    ///
    /// The auth context is wrong.
    fn credential_info(&self, provider: &str, auth: &Auth) -> Result<CredentialInfo, TransportError>;

    /// Obtains credentials for a provider anew, which are good for `scopes` where there are some, and says what they are.
    /// From then on the provider is asked again if it was given up.
    ///
    /// # Errors
    ///
    /// There are none; then all is as it was.
    async fn log_in(&self, provider: &str, auth: &Auth, scopes: &[String]) -> Result<String, TransportError>;

    /// Forgets what was obtained for a provider, and refuses to authorise requests to it until [`Self::log_in`].
    async fn revoke(&self, provider: &str);

    /// Changes a key of a provider's auth context for the requests that follow; `a.b` is the member `b` of `a`.
    ///
    /// # Errors
    ///
    /// There is no such key, or it takes no such value; then all is as it was. The value is not repeated.
    fn set(&self, provider: &str, auth: &Auth, key: &str, value: &str) -> Result<(), TransportError>;
}

/// By what requests are authorised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialInfo {
    /// The kind of the auth context.
    pub scheme: String,
    /// Where the credentials come from, in words.
    pub source: String,
}
