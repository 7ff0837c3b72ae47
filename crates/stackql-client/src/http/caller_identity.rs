//! The caller identity of a request: the endpoint, signing scope and credentials that its response depends on besides the
//! request itself. Used as a part of the key of the response cache.

use async_trait::async_trait;
use aws_credential_types::Credentials;
use stackql_call::{Payload, Request, TransportError};

use super::client::{AttemptFailure, Client};
use crate::CallerIdentity;
use crate::digest::fingerprint;

#[async_trait]
impl CallerIdentity for Client {
    async fn identity(&self, request: &Request) -> Result<Option<String>, TransportError> {
        let identity = match &request.payload {
            Payload::Http => Box::pin(self.caller(request)).await.map(Some),
            // The address of a database is a part of its credential, so the authenticator's fingerprint covers both.
            Payload::Query { .. } => Box::pin(self.whose(request)).await.map(Some),
            // A program has its own credentials, which the client cannot see, so its responses are not cached.
            Payload::Command { .. } => Ok(None),
        };
        identity.map_err(|(kind, message)| TransportError { kind, message, attempts: Vec::new() })
    }
}

impl Client {
    async fn caller(&self, request: &Request) -> Result<String, AttemptFailure> {
        let (url, signing_scope) = self.target(request)?;
        let whose = self.whose(request).await?;
        Ok(fingerprint([url.as_str(), &signing_scope, &whose]))
    }

    async fn whose(&self, request: &Request) -> Result<String, AttemptFailure> {
        let (provider, service) = (&request.operation.provider.name, &request.operation.service);
        let authoriser = self.authorisers.for_service(&self.settings, provider, &service.auth)?;
        let keys = self.keys(&authoriser).await?;
        authoriser.whose(self, keys.as_ref().map(Credentials::access_key_id)).await
    }
}
