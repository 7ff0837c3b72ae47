//! The seam to the network.

use std::fmt;

use async_trait::async_trait;
use stackql_provider::{Provider, Scope};
use thiserror::Error;

use crate::{Attempt, Request, Response};

/// Sends requests. The only step of a query that does IO.
///
/// The caller hands over a request as [`crate::request()`] wrote it and may drop the future at any time, which
/// must cancel what is in flight. The implementer finds the endpoint, authorises, repeats what may be repeated
/// ([`Request::retryable`]; a throttled request was not carried out and may always be), and returns an answer of
/// whatever status; an error only when there is no answer. It reports every attempt.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends one request.
    async fn send(&self, request: &Request) -> Result<Response, TransportError>;

    /// Whether [`Self::send`] would answer without asking anybody, of what is kept ([`Request::max_age`]).
    async fn has_cached(&self, request: &Request) -> bool {
        let _ = request;
        false
    }

    /// Drops all that is kept to be given again, wherever it is kept.
    async fn purge(&self) -> Result<(), TransportError> {
        Ok(())
    }

    /// The value of a scope when a statement has none: from flags, environment, profile, or the scope's default.
    async fn default_scope(&self, provider: &Provider, scope: &Scope) -> Result<String, TransportError>;
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct TransportError {
    /// What the reader can do about it.
    pub kind: TransportErrorKind,
    /// What happened and what to do; no secret in it.
    pub message: String,
    /// Every time the request was sent.
    pub attempts: Vec<Attempt>,
}

/// What the reader can do about a missing answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No credentials, or bad ones; the message says which sources were tried.
    Credentials,
    /// The endpoint is not known, or its settings are wrong.
    Configuration,
    /// The answer before led to another server than the one that is asked.
    Elsewhere,
    /// No connection came about.
    Connect,
    /// The server's certificate or protocol was refused.
    Tls,
    /// No answer in time.
    Timeout,
    /// The connection broke before the answer was complete.
    Broken,
    /// The provider allows no more for longer than a statement waits; the message says until when.
    Throttled,
}
