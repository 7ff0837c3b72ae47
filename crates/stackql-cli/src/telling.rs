//! A transport that tells of the calls of another, on standard error and as they end: those that were refused, since
//! scripts look for them, or all. What it tells is what the statement asked for; credentials come in further down, and
//! what else is secret is masked as in recordings.

use std::sync::Arc;

use async_trait::async_trait;
use stackql_call::{Attempt, Masks, Payload, Request, Response, Transport, TransportError};
use stackql_provider::{Provider, Scope};
use url::form_urlencoded::Serializer;

use crate::ending::say;

/// The first status that is no success.
const REFUSED: u16 = 300;

/// Passes requests on and tells of them.
#[derive(Debug)]
pub(crate) struct Telling {
    inner: Arc<dyn Transport>,
    told: Told,
}

/// Which calls are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// None: a person reads what the statement's failure says.
    None,
    /// Those that were refused.
    Refused,
    /// All, with what was asked.
    All,
}

impl Telling {
    /// Tells of calls of `inner`.
    pub(crate) fn new(inner: Arc<dyn Transport>, told: Told) -> Self {
        Self { inner, told }
    }

    fn tells(&self, response: &Response) -> bool {
        match self.told {
            Told::None => false,
            Told::Refused => response.status >= REFUSED,
            Told::All => true,
        }
    }
}

#[async_trait]
impl Transport for Telling {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let answer = self.inner.send(request).await;
        // Nothing else has an address and a status.
        if request.payload != Payload::Http {
            return answer;
        }
        if self.told == Told::All {
            let attempts = answer.as_ref().map_or_else(|error| &error.attempts, |response| &response.attempts);
            asked(request, attempts.last()).iter().for_each(|line| say(line));
        }
        match &answer {
            Ok(response) if self.tells(response) => say(&answered(&Masks::of(&request.operation), response)),
            _ => {}
        }
        answer
    }

    async fn keeps(&self, request: &Request) -> bool {
        self.inner.keeps(request).await
    }

    async fn purge(&self) -> Result<(), TransportError> {
        self.inner.purge().await
    }

    async fn default_scope(&self, provider: &Provider, scope: &Scope) -> Result<String, TransportError> {
        self.inner.default_scope(provider, scope).await
    }
}

fn asked(request: &Request, attempt: Option<&Attempt>) -> Vec<String> {
    let url = attempt.map_or(request.path.as_str(), |attempt| &attempt.url);
    let masks = Masks::of(&request.operation);
    let query = match &request.next {
        Some(next) => masks.text(next.split_once('?').map_or("", |(_, query)| query)).into_owned(),
        None => {
            let masked = request.query.iter().map(|(name, value)| (name, masks.value(name, value)));
            Serializer::new(String::new()).extend_pairs(masked).finish()
        }
    };
    let between = if query.is_empty() { "" } else { "?" };
    let line = format!("http request url: '{url}{between}{query}', method: '{}'", request.http_method);
    let body = String::from_utf8_lossy(&request.body);
    let body = (!body.is_empty()).then(|| format!("http request body = '{}'", masks.text(&body)));
    std::iter::once(line).chain(body).collect()
}

fn answered(masks: &Masks, response: &Response) -> String {
    let body = String::from_utf8_lossy(&response.body);
    match masks.text(&body).trim_end() {
        "" => format!("http response status code: {}, response body is nil", response.status),
        body => format!("http response status code: {}, response body: {body}", response.status),
    }
}
