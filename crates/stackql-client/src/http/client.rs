//! The HTTP client: sends a request over a connection pool, in one or more attempts with backoff, and returns its response.
//! Owns the decision to retry and the texts of transport errors.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use stackql_call::{
    Attempt, FaultKind, Operation, Payload, Request, Response, Transport, TransportError, TransportErrorKind, fault,
};
use stackql_postgres::Pool;
use stackql_provider::{Provider, Scope};
use tracing::Instrument;

use crate::auth::Authenticators;
use crate::auth::google::KEY_FILE;
use crate::auth::token_cache::TokenLease;
use crate::auth::token_endpoint::TOKEN;
use crate::config::endpoint::{Target, target};
use crate::credentials::profile::Profile;
use crate::credentials::signing::{Signer, signing_region};
use crate::credentials::source::reason;
use crate::credentials::sources::CredentialSources;
use crate::local::command;
use crate::local::database::Database;
use crate::rate_limit::headers::ServerLimits;
use crate::rate_limit::limiter::{AttemptOutcome, RateLimiter};
use crate::{Settings, SettingsError};

mod pools;
mod retries;

use self::retries::Retries;
use crate::http::url::redacted_url;
use crate::http::url::{address, place};

/// The largest response body that is read, in bytes (256 MiB).
pub(crate) const MAX_BODY: usize = 256 << 20;
const SKEW: i64 = 240;

/// The [`Transport`] that sends requests over the network.
pub struct Client {
    pub(crate) settings: Settings,
    pub(crate) pool: reqwest::Client,
    pub(crate) sources: CredentialSources,
    pub(crate) authorisers: Authenticators,
    pub(crate) databases: Pool,
    governor: RateLimiter,
    /// The connection pool of requests to which the AWS tools' settings apply; `None` if the default pool serves them.
    own_pool: OnceLock<Result<Option<reqwest::Client>, String>>,
    profile: OnceLock<Result<Profile, String>>,
    /// Clock skew: seconds by which the servers' clock is ahead of the local one.
    skew: AtomicI64,
}

/// Prints only the settings, since pool, credentials and profile may hold secrets.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The failure of an attempt that got no response: its kind and the message for the user.
pub(crate) type AttemptFailure = (TransportErrorKind, String);

impl Client {
    /// Creates a client. It sends nothing and reads no credentials until the first request.
    ///
    /// # Errors
    ///
    /// A proxy address is invalid, the CA bundle cannot be read, or the connection pool cannot be built.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let pool = pools::pool(&settings)?;
        Ok(Self {
            governor: RateLimiter::new(&settings),
            settings,
            pool,
            sources: CredentialSources::default(),
            authorisers: Authenticators::default(),
            databases: Pool::default(),
            own_pool: OnceLock::new(),
            profile: OnceLock::new(),
            skew: AtomicI64::new(0),
        })
    }

    /// The profile files; they are read on the first call.
    pub(crate) fn profile(&self) -> Result<&Profile, String> {
        self.profile.get_or_init(|| Profile::load(&self.settings.environment)).as_ref().map_err(Clone::clone)
    }

    /// Builds the HTTP request of one attempt, with its URL and its signature or credentials.
    async fn authorised(
        &self,
        request: &Request,
        url: &url::Url,
        signing_scope: &str,
    ) -> Result<http::Request<Bytes>, AttemptFailure> {
        let configuration = |m: String| (TransportErrorKind::Configuration, m);
        let mut built = http::Request::builder().method(request.http_method.as_str()).uri(url.as_str());
        for (name, value) in &request.headers {
            built = built.header(name, value);
        }
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |p| format!("{host}:{p}"));
        let mut built = built
            .header("host", host)
            .body(request.body.clone())
            .map_err(|e| configuration(format!("cannot write the request: {e}")))?;
        let (auth, provider) = (&request.operation.service.auth, &request.operation.provider.name);
        let authoriser = self.authorisers.for_service(&self.settings, provider, auth)?;
        let Some(credentials) = self.keys(&authoriser).await? else {
            authoriser.authorise(self, &mut built).await?;
            return Ok(built);
        };
        let time = self.time();
        let name = auth.signing_name.as_deref().unwrap_or(&request.operation.service.name);
        Signer { credentials: &credentials, region: signing_region(request, signing_scope), name, time }
            .sign(&mut built)
            .map_err(configuration)?;
        Ok(built)
    }

    /// The current time by the servers' clock: the local time corrected by the measured skew.
    pub(crate) fn time(&self) -> SystemTime {
        let skew = self.skew.load(Ordering::Relaxed);
        let moved = Duration::from_secs(skew.unsigned_abs());
        if skew < 0 { SystemTime::now() - moved } else { SystemTime::now() + moved }
    }

    /// The profile if it applies to the request: its service has an override id, by which profiles configure endpoints.
    fn profile_of(&self, request: &Request) -> Result<Option<&Profile>, String> {
        match request.operation.service.endpoints.override_id.as_str() {
            "" => Ok(None),
            _ => self.profile().map(Some),
        }
    }

    /// Sends one attempt and reads the whole response, up to [`MAX_BODY`] bytes.
    async fn exchange(
        &self,
        pool: &reqwest::Client,
        request: http::Request<Bytes>,
        url: &url::Url,
    ) -> Result<Response, AttemptFailure> {
        let request =
            reqwest::Request::try_from(request).map_err(|e| (TransportErrorKind::Configuration, reason(&e)))?;
        let mut answer = pool.execute(request).await.map_err(|e| self.failure(&e, url))?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
            .collect();
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| self.failure(&e, url))? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err((
                    TransportErrorKind::Configuration,
                    format!("the answer of {} is larger than 256 MiB; ask for fewer rows", place(url)),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body: body.freeze(), attempts: Vec::new() })
    }

    pub(crate) fn failure(&self, error: &reqwest::Error, url: &url::Url) -> AttemptFailure {
        let (place, why) = (place(url), reason(error));
        if error.is_timeout() {
            let seconds = self.settings.request_timeout.as_secs_f32();
            return (
                TransportErrorKind::Timeout,
                format!("no answer from {place} within {seconds} s; try again or raise the request timeout"),
            );
        }
        let lower = why.to_lowercase();
        if url.scheme() == "https"
            && ["certificate", "tls", "handshake", "corrupt message"].iter().any(|w| lower.contains(w))
        {
            return (
                TransportErrorKind::Tls,
                format!(
                    "no secure connection to {place}: {why}; if its certificate is your own, give its CA with the CA bundle option"
                ),
            );
        }
        if error.is_connect() {
            return (
                TransportErrorKind::Connect,
                format!("cannot connect to {place}: {why}; check the address, the network and the proxy"),
            );
        }
        (TransportErrorKind::Broken, format!("the connection to {place} broke before the answer was complete: {why}"))
    }

    /// Adopts the clock of the response's `Date` header if it differs from the corrected local time by more than `SKEW`
    /// seconds. Returns whether it did.
    fn correct_clock(&self, response: &Response) -> bool {
        let Some(server) = response.header("date").and_then(|d| httpdate::parse_http_date(d).ok()) else {
            return false;
        };
        let ahead = seconds(server) - seconds(SystemTime::now());
        let differs = (ahead - self.skew.load(Ordering::Relaxed)).abs() > SKEW;
        if differs {
            self.skew.store(ahead, Ordering::Relaxed);
        }
        differs
    }

    /// Sends a request by the protocol of its payload: HTTP, a local command or a database query.
    async fn answer(&self, request: &Request) -> Result<Response, TransportError> {
        let Operation { provider, service, .. } = &*request.operation;
        let before = |(kind, message): AttemptFailure| TransportError { kind, message, attempts: Vec::new() };
        match &request.payload {
            Payload::Http => self.send_with_retries(request).await,
            Payload::Command { program, arguments } => {
                let path = command::resolve_program(&self.settings, &provider.name, program).map_err(before)?;
                once(command::command_url(program), command::run(&self.settings, &path, program, arguments)).await
            }
            Payload::Query { text, values } => {
                let database = Database::find(self, &provider.name, &service.auth).map_err(before)?;
                once(database.url.clone(), database.rows(self, text, values)).await
            }
        }
    }

    /// The full URL of a request, and the scope to sign it for.
    pub(crate) fn target(&self, request: &Request) -> Result<(url::Url, String), AttemptFailure> {
        let configuration = |m: String| (TransportErrorKind::Configuration, m);
        let endpoints = &request.operation.service.endpoints;
        let profile = self.profile_of(request).map_err(configuration)?;
        let own = request.operation.method().request.url.as_deref();
        let Target { url, replaced, signing_scope } =
            target(&self.settings, profile, endpoints, request.scope.as_deref(), own).map_err(configuration)?;
        let base = match replaced {
            Some(template) => request.moved(&url, &template),
            None => request.address(&url),
        };
        Ok((address(&base.map_err(|e| configuration(e.to_string()))?, request)?, signing_scope))
    }

    async fn send_with_retries(&self, request: &Request) -> Result<Response, TransportError> {
        let mut attempts = Vec::new();
        let refused =
            |(kind, message): AttemptFailure, attempts: Vec<Attempt>| TransportError { kind, message, attempts };
        let configuration =
            |m: String| TransportError { kind: TransportErrorKind::Configuration, message: m, attempts: Vec::new() };
        let (url, signing_scope) = self.target(request).map_err(|failure| refused(failure, Vec::new()))?;
        let pool = self.pool_of(request).map_err(configuration)?;
        let most = self.profile_of(request).and_then(|p| p.map_or(Ok(None), Profile::max_attempts));
        let most = most.map_err(configuration)?;
        let in_go =
            |failure: AttemptFailure| if self.settings.compat { in_go(request, &url, failure) } else { failure };
        let key = self.key(request, &url).await.map_err(|failure| refused(in_go(failure), Vec::new()))?;
        let mut retries = Retries::for_request(request, most, self.settings.max_attempts);
        let (mut clock_corrected, mut token_renewed) = (false, false);
        loop {
            let permit = match self.governor.permit(&key).await {
                Ok(permit) => permit,
                Err(exhausted) => return Err(refused(self.exhausted(&key, exhausted), attempts)),
            };
            // Signed after the permit wait, since a signature contains the time and a token expires.
            let built = match self.authorised(request, &url, &signing_scope).await {
                Ok(built) => built,
                Err(failure) => return Err(refused(in_go(failure), attempts)),
            };
            let ticket = built.extensions().get::<TokenLease>().cloned();
            let (started, clock) = (SystemTime::now(), Instant::now());
            let result = self.exchange(pool, built, &url).await;
            attempts.push(attempt(started, permit.waited, clock.elapsed(), redacted_url(&url), &result));
            let (again, asked) = match &result {
                Ok(response) => {
                    let kind = fault(&request.operation, request.scope.as_deref(), response).map(|f| f.kind);
                    let throttled = kind == Some(FaultKind::Throttled) || matches!(response.status, 429 | 503);
                    let limits = ServerLimits::from_headers(response, response.status >= 400, SystemTime::now());
                    let asked = limits.retry_after;
                    permit.finish(&if throttled {
                        AttemptOutcome::Throttled(limits)
                    } else {
                        AttemptOutcome::Answered(limits)
                    });
                    if let (401, false, Some(ticket)) = (response.status, token_renewed, ticket) {
                        ticket.invalidate().await;
                        token_renewed = true;
                        continue;
                    }
                    let stale = kind == Some(FaultKind::ClockSkew) || response.status == 403;
                    if stale && !clock_corrected && self.correct_clock(response) {
                        clock_corrected = true;
                        continue;
                    }
                    (retries.is_retried(request, response.status, throttled), asked)
                }
                Err((kind, _)) => {
                    use TransportErrorKind::{Broken, Connect, Timeout};
                    match kind {
                        Timeout => permit.finish(&AttemptOutcome::TimedOut),
                        _ => drop(permit),
                    }
                    (request.retryable && matches!(kind, Timeout | Broken | Connect), None)
                }
            };
            let wait = if again { retries.next() } else { None };
            let Some(wait) = wait else {
                return match result {
                    Ok(response) => Ok(Response { attempts, ..response }),
                    Err(failure) => Err(refused(failure, attempts)),
                };
            };
            let wait = match asked {
                // The server gave a Retry-After, which the rate limiter enforces for all requests of the key.
                Some(_) => Duration::ZERO,
                None => wait,
            };
            tracing::debug!(attempt = attempts.len(), wait_ms = wait.as_millis() as u64, "sending again");
            tokio::time::sleep(wait).await;
        }
    }
}

#[async_trait]
impl Transport for Client {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let operation = &request.operation;
        let span = tracing::info_span!("call", provider = %operation.provider.name, method = %operation.method().name, status = tracing::field::Empty, attempt = tracing::field::Empty);
        let result = Box::pin(self.answer(request)).instrument(span.clone()).await;
        match &result {
            Ok(response) => span.record("status", response.status).record("attempt", response.attempts.len()),
            Err(error) => span.record("attempt", error.attempts.len()),
        };
        result
    }

    async fn default_scope(&self, provider: &Provider, scope: &Scope) -> Result<String, TransportError> {
        let flag = self.settings.scope_defaults.get(&(provider.name.clone(), scope.name.clone()));
        let variable =
            || scope.environment.iter().find_map(|n| self.settings.environment.get(n).filter(|v| !v.trim().is_empty()));
        let mut found = flag.or_else(variable).cloned();
        if found.is_none() && scope.environment.iter().any(|n| n == "AWS_REGION") {
            let configuration =
                |message| TransportError { kind: TransportErrorKind::Configuration, message, attempts: Vec::new() };
            found = self.profile().and_then(Profile::region).map_err(configuration)?;
        }
        let found = found.or_else(|| scope.default.clone());
        found.ok_or_else(|| TransportError {
            kind: TransportErrorKind::Configuration,
            message: format!(
                "provider {} needs a {}; name it in WHERE, or set {}",
                provider.name,
                scope.name,
                scope.environment.join(" or ")
            ),
            attempts: Vec::new(),
        })
    }
}

/// Rewrites a failure to authenticate a request into the message of the Go implementation.
fn in_go(request: &Request, url: &url::Url, (kind, told): AttemptFailure) -> AttemptFailure {
    let words = match (told.find(KEY_FILE), told.starts_with(TOKEN)) {
        (Some(at), _) => told[at..].to_owned(),
        (None, true) => {
            let method = request.http_method.to_lowercase();
            let method: String =
                method.chars().take(1).flat_map(char::to_uppercase).chain(method.chars().skip(1)).collect();
            let query = if url.query().is_none() { "?" } else { "" };
            format!("{method} \"{}{query}\": {told}", redacted_url(url))
        }
        (None, false) => told,
    };
    (kind, words)
}

/// Runs the single attempt of a request that is not HTTP; it is never retried.
async fn once(
    url: String,
    answer: impl Future<Output = Result<Response, AttemptFailure>>,
) -> Result<Response, TransportError> {
    let (started, clock) = (SystemTime::now(), Instant::now());
    let result = answer.await;
    let attempts = vec![attempt(started, Duration::ZERO, clock.elapsed(), url, &result)];
    match result {
        Ok(response) => Ok(Response { attempts, ..response }),
        Err((kind, message)) => Err(TransportError { kind, message, attempts }),
    }
}

pub(crate) fn attempt(
    started: SystemTime,
    waited: Duration,
    duration: Duration,
    url: String,
    result: &Result<Response, AttemptFailure>,
) -> Attempt {
    let answer = result.as_ref().ok();
    let id =
        answer.and_then(|r| ["x-amzn-requestid", "x-amz-request-id", "x-request-id"].iter().find_map(|n| r.header(n)));
    Attempt {
        started,
        waited,
        duration,
        url,
        status: answer.map(|r| r.status),
        bytes: answer.map_or(0, |r| r.body.len() as u64),
        request_id: id.map(str::to_owned),
        cached: false,
        error: result.as_ref().err().map(|(_, m)| m.clone()),
    }
}

fn seconds(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs().cast_signed())
}

#[cfg(test)]
mod tests;
