//! The token cache: holds the access token of an auth context until shortly before it expires. The caller passes how to obtain
//! a new one.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::credentials::source::{MARGIN, NEGATIVE_TTL};
use crate::digest::fingerprint;
use crate::http::client::AttemptFailure;

/// An access token with its metadata.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) value: SecretString,
    /// The lifetime from when the token was issued; `None` means that it does not expire.
    pub(crate) lifetime: Option<Duration>,
    /// The project that requests are billed to, unless the token itself implies it.
    pub(crate) quota_project: Option<String>,
    /// The fingerprint of the token's owner, if it is known.
    pub(crate) whose: Option<String>,
}

impl Token {
    /// A token with a lifetime and no other metadata.
    pub(crate) fn new(value: impl Into<SecretString>, lifetime: Option<Duration>) -> Self {
        Self { value: value.into(), lifetime, quota_project: None, whose: None }
    }

    /// The token with the fingerprint of `words` as its owner. Requests with equal `words` must yield tokens of the same owner.
    pub(crate) fn with_cache_key<'a>(self, words: impl IntoIterator<Item = &'a str>) -> Self {
        Self { whose: Some(fingerprint(words)), ..self }
    }

    /// The fingerprint of the token's owner; if that is unknown, of the token itself, which differs for each token.
    pub(crate) fn whose(&self) -> String {
        self.whose.clone().unwrap_or_else(|| fingerprint([self.value.expose_secret()]))
    }
}

/// The token of one context. Concurrent callers wait for one token request and share its result, including a failure
/// (single-flight).
#[derive(Debug, Default)]
pub(crate) struct TokenCache(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Last>,
    /// The number of tokens that were issued.
    issue: u64,
}

#[derive(Debug)]
enum Last {
    Given { token: Token, renew: Option<SystemTime> },
    Failed(Instant, AttemptFailure),
}

/// Identifies the token that a request carried, so that a rejected token is invalidated only once by concurrent requests.
#[derive(Debug, Clone)]
pub(crate) struct TokenLease {
    tokens: Arc<TokenCache>,
    issue: u64,
}

impl TokenCache {
    /// The cached token, or the one that `ask` obtains if none is cached or it is about to expire. A failure is cached for
    /// [`NEGATIVE_TTL`].
    pub(crate) async fn token(
        self: &Arc<Self>,
        ask: impl Future<Output = Result<Token, AttemptFailure>>,
    ) -> Result<(Token, TokenLease), AttemptFailure> {
        let mut state = self.0.lock().await;
        match &state.last {
            Some(Last::Given { token, renew }) if renew.is_none_or(|at| at > SystemTime::now()) => {
                return Ok((token.clone(), self.ticket(state.issue)));
            }
            Some(Last::Failed(at, failure)) if at.elapsed() < NEGATIVE_TTL => return Err(failure.clone()),
            _ => {}
        }
        match ask.await {
            Ok(token) => {
                // A short-lived token is used for at least three quarters of its lifetime.
                let before = |life: Duration| life - MARGIN.min(life / 4);
                let renew = token.lifetime.and_then(|life| SystemTime::now().checked_add(before(life)));
                state.last = Some(Last::Given { token: token.clone(), renew });
                state.issue += 1;
                Ok((token, self.ticket(state.issue)))
            }
            Err(failure) => {
                state.last = Some(Last::Failed(Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    fn ticket(self: &Arc<Self>, issue: u64) -> TokenLease {
        TokenLease { tokens: Arc::clone(self), issue }
    }
}

impl TokenLease {
    /// Invalidates the token of the lease, unless it has been replaced already.
    pub(crate) async fn invalidate(&self) {
        let mut state = self.tokens.0.lock().await;
        if state.issue == self.issue && matches!(state.last, Some(Last::Given { .. })) {
            state.last = None;
        }
    }
}

#[cfg(test)]
mod tests;
