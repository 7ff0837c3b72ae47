//! The key of a request for the rate limiter: host, credentials and operation. When a request may be sent is decided in
//! `rate_limit`.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use stackql_call::{Request, TransportErrorKind};

use super::client::{AttemptFailure, Client};
use crate::auth::Authenticator;
use crate::carrier::Carrier;
use crate::http::url::place;
use crate::rate_limit::limiter::{QuotaExhausted, RateKey};

impl Client {
    /// The rate-limit key of `request` to `url`. Resolves the signing keys, since the access key id identifies the caller.
    pub(crate) async fn key(&self, request: &Request, url: &url::Url) -> Result<RateKey, AttemptFailure> {
        let operation = &request.operation;
        let (provider, service) = (&operation.provider.name, &operation.service);
        let authoriser = self.authorisers.for_service(&self.settings, provider, &service.auth)?;
        let keys = self.keys(&authoriser).await?;
        Ok(RateKey {
            host: place(url),
            identity: authoriser.identity(keys.as_ref().map(Credentials::access_key_id)),
            operation: format!("{provider}.{}.{}", service.name, operation.method().operation),
        })
    }

    /// The signing keys of an authenticator; `None` if its scheme does not sign with access keys.
    pub(crate) async fn keys(&self, authoriser: &Authenticator) -> Result<Option<Credentials>, AttemptFailure> {
        let Some(source) = authoriser.keys() else { return Ok(None) };
        let configuration = |m| (TransportErrorKind::Configuration, m);
        let profile = self.profile().map_err(configuration)?;
        let carrier = Carrier(self.own_pool().map_err(configuration)?.clone());
        let found = self.sources.credentials(authoriser, source, &self.settings, profile, &carrier);
        let found = Box::pin(found).await;
        found.map(Some).map_err(|m| (TransportErrorKind::Credentials, m))
    }

    /// The error for a key whose quota resets later than the longest time that a request may wait.
    pub(crate) fn exhausted(&self, key: &RateKey, exhausted: QuotaExhausted) -> AttemptFailure {
        let again = SystemTime::now().checked_add(exhausted.left).map(httpdate::fmt_http_date);
        let again = again.unwrap_or_else(|| "a later time".to_owned());
        let (host, operation, longest) = (&key.host, &key.operation, self.settings.longest_wait.as_secs());
        let message = format!(
            "{host} allows no more requests of {operation} with these credentials until {again}, and none waits longer than {longest} s; try again then"
        );
        (TransportErrorKind::Throttled, message)
    }
}
