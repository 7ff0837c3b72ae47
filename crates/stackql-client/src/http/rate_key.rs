//! What the governor counts requests by: host, credentials and operation. Owns who they are; not when they may be sent.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use stackql_call::{Request, TransportErrorKind};

use super::client::{AttemptFailure, Client};
use crate::auth::Authenticator;
use crate::carrier::Carrier;
use crate::http::url::place;
use crate::rate_limit::limiter::{QuotaExhausted, RateKey};

impl Client {
    /// What `request` to `url` is counted by. Keys that sign are looked for, since they tell whose it is.
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

    /// The keys that sign requests, for the kinds that have keys.
    pub(crate) async fn keys(&self, authoriser: &Authenticator) -> Result<Option<Credentials>, AttemptFailure> {
        let Some(source) = authoriser.keys() else { return Ok(None) };
        let configuration = |m| (TransportErrorKind::Configuration, m);
        let profile = self.profile().map_err(configuration)?;
        let carrier = Carrier(self.own_pool().map_err(configuration)?.clone());
        let found = self.sources.credentials(authoriser, source, &self.settings, profile, &carrier);
        let found = Box::pin(found).await;
        found.map(Some).map_err(|m| (TransportErrorKind::Credentials, m))
    }

    /// Says that nothing of `key` is allowed for longer than a request waits.
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
