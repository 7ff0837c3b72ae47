//! Tokens that stand for a while. Owns when one is asked for again; not how.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::credentials::source::{MARGIN, NEGATIVE_TTL};
use crate::digest::fingerprint;
use crate::http::client::AttemptFailure;

/// A token, and what goes with it.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) value: SecretString,
    /// How long it stands from when it was given; for ever unless said.
    pub(crate) lifetime: Option<Duration>,
    /// Who pays for the requests, where the token does not say it itself.
    pub(crate) quota_project: Option<String>,
    /// A digest of whom it is for, where that is known.
    pub(crate) whose: Option<String>,
}

impl Token {
    /// A token that says of itself no more than how long it stands.
    pub(crate) fn new(value: impl Into<SecretString>, lifetime: Option<Duration>) -> Self {
        Self { value: value.into(), lifetime, quota_project: None, whose: None }
    }

    /// The token, where whoever asks with the same `words` is given one for the same party.
    pub(crate) fn with_cache_key<'a>(self, words: impl IntoIterator<Item = &'a str>) -> Self {
        Self { whose: Some(fingerprint(words)), ..self }
    }

    /// A digest of whom it is for: where nobody can say, of the token itself, which is another each time.
    pub(crate) fn whose(&self) -> String {
        self.whose.clone().unwrap_or_else(|| fingerprint([self.value.expose_secret()]))
    }
}

/// The token of one context. Concurrent callers wait for one request and share what it gave, good or bad.
#[derive(Debug, Default)]
pub(crate) struct TokenCache(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Last>,
    /// Counts the tokens that were given.
    issue: u64,
}

#[derive(Debug)]
enum Last {
    Given { token: Token, renew: Option<SystemTime> },
    Failed(Instant, AttemptFailure),
}

/// Which token a request carried, so that a refused one is given up once, whoever says so first.
#[derive(Debug, Clone)]
pub(crate) struct TokenLease {
    tokens: Arc<TokenCache>,
    issue: u64,
}

impl TokenCache {
    /// The token; `ask` is waited for where there is none that stands.
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
                // A short-lived token is used for most of its life.
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
    /// Gives up the token it stands for, unless another has taken its place already.
    pub(crate) async fn invalidate(&self) {
        let mut state = self.tokens.0.lock().await;
        if state.issue == self.issue && matches!(state.last, Some(Last::Given { .. })) {
            state.last = None;
        }
    }
}

#[cfg(test)]
mod tests;
