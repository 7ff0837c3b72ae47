//! The seam to the network: the [`Transport`] trait and its error, [`TransportError`]. The engine calls it; `stackql-client`
//! implements it.

use std::fmt;

use async_trait::async_trait;
use stackql_provider::{Provider, Scope};
use thiserror::Error;

use crate::{Attempt, Request, Response};

/// Sends requests: the only step of a query that does IO.
///
/// The caller passes a request as [`crate::request()`] encodes it. It may drop the future at any time, which must cancel the
/// request in flight. The implementer resolves the endpoint, authenticates, and retries a request that is
/// [`Request::retryable`]; a throttled request was not executed and may always be retried. It returns a response of any status,
/// and an error only if there is no response. Both carry every attempt.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends one request and returns its response, whatever the status. The attempts are in [`Response::attempts`].
    ///
    /// # Errors
    ///
    /// There is no response; [`TransportError::kind`] has the reason, such as missing credentials, an endpoint that is not
    /// configured, a failed connection or an exhausted quota.
    async fn send(&self, request: &Request) -> Result<Response, TransportError>;

    /// Whether [`Self::send`] would serve this request from a cache, by [`Request::max_age`], without sending anything.
    /// The default implementation has no cache.
    async fn has_cached(&self, request: &Request) -> bool {
        let _ = request;
        false
    }

    /// Removes all cached responses, in memory and on disk. The default implementation has no cache and does nothing.
    ///
    /// # Errors
    ///
    /// A cached response cannot be removed.
    async fn purge(&self) -> Result<(), TransportError> {
        Ok(())
    }

    /// The value of a scope, such as a region, for a statement that names none: from flags, environment, profile, or the
    /// scope's default.
    ///
    /// # Errors
    ///
    /// None of these sources has a value, or one cannot be read.
    async fn default_scope(&self, provider: &Provider, scope: &Scope) -> Result<String, TransportError>;
}

/// Why a request has no response.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct TransportError {
    /// The category of the failure.
    pub kind: TransportErrorKind,
    /// What happened and what to do. It contains no secret.
    pub message: String,
    /// All attempts to send the request, in order; empty if none was sent.
    pub attempts: Vec<Attempt>,
}

/// The categories of transport failures, by what the user can do about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// Credentials are missing or invalid; the message lists the sources that were tried.
    Credentials,
    /// The endpoint is unknown, or its settings are wrong.
    Configuration,
    /// The address of the next page, or of an operation's status, is on another origin than the request that led to it.
    Elsewhere,
    /// No connection could be established.
    Connect,
    /// The TLS handshake failed, such as for a certificate that is not trusted.
    Tls,
    /// The server did not respond in time.
    Timeout,
    /// The connection broke before the response was complete.
    Broken,
    /// The rate limit of the provider leaves no room for longer than a statement waits; the message names the time.
    Throttled,
}
