//! Answers that are kept and given again: [`CachingTransport`], a transport around another. Owns when an answer may be kept,
//! and when what is kept must go; what is kept of an answer is [`CachedResponse`]'s, files are [`DiskCache`]'s.
//!
//! An answer is kept under who asked, what was asked, and how often the service had been written to by then. A write
//! counts as two, one when it begins and one when it ends, so that nobody finds again what was asked before it ended,
//! however late that was answered.

use std::collections::HashMap;
use std::fmt;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use stackql_call::{Request, Response, Transport, TransportError, TransportErrorKind};
use stackql_provider::{Provider, Scope, Verb};
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use crate::cache::disk::DiskCache;
use crate::cache::entry::{CachedResponse, to_response};
use crate::digest::fingerprint;

/// How many bytes are kept in memory.
const MEMORY: u64 = 256 << 20;
/// How many bytes are kept on the disk, as far as this process knows of them.
const DISK: u64 = 1 << 30;

/// Tells who asks.
#[async_trait]
pub trait CallerIdentity: fmt::Debug + Send + Sync {
    /// What the answer to `request` depends on beside the request itself: who asks, and where.
    ///
    /// It must be another whenever somebody else may get another answer, must not give away a secret, and is the same
    /// in the next process where it can be. `None` where it cannot be told; then nothing may be kept.
    ///
    /// # Errors
    ///
    /// There are no credentials, or it is not known where to ask, so that the request would not be sent either.
    async fn identity(&self, request: &Request) -> Result<Option<String>, TransportError>;
}

/// Passes requests on, keeps good answers to those that only read, in memory and in a folder, and gives them again as
/// long as they are not older than a request takes them ([`Request::max_age`]).
///
/// Equal requests at the same time are sent once. A request that may write drops all that is kept of its service,
/// whoever kept it: every process that writes must have this around its transport, also where it reads nothing old.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use stackql_client::{CachingTransport, Client, Settings};
/// let client = Arc::new(Client::new(Settings::default())?);
/// let caching = CachingTransport::new(Arc::clone(&client) as _, client, Some("answers".into()));
/// # Ok::<(), stackql_client::SettingsError>(())
/// ```
#[derive(Clone)]
pub struct CachingTransport {
    inner: Arc<dyn Transport>,
    caller: Arc<dyn CallerIdentity>,
    memory: Cache<Key, CachedResponse>,
    disk: Option<Arc<DiskCache>>,
    /// How often this process wrote to each service.
    generations: Arc<Mutex<HashMap<ServiceKey, u64>>>,
}

/// What an answer is kept under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    service: ServiceKey,
    writes: u64,
    /// A digest of who asks what, and of how often others wrote to the service.
    name: String,
}

/// What is written to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ServiceKey {
    pub(crate) provider: String,
    pub(crate) name: String,
}

/// What a request ends with.
type SharedResult = Result<Response, TransportError>;

/// When somebody asked, and how old the answer may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshness {
    pub(crate) asked: SystemTime,
    pub(crate) max_age: Duration,
}

/// What is kept may be secret.
impl fmt::Debug for CachingTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caching").field("inner", &self.inner).field("disk", &self.disk).finish_non_exhaustive()
    }
}

impl CachingTransport {
    /// Keeps what `inner` answers whoever `asking` tells, in memory, and below `folder` where there is one, for other
    /// processes too.
    pub fn new(inner: Arc<dyn Transport>, asking: Arc<dyn CallerIdentity>, folder: Option<PathBuf>) -> Self {
        let disk = folder.map(|folder| Arc::new(DiskCache::new(folder, DISK)));
        // What nobody can find any more is what was used least recently.
        let memory = Cache::builder().eviction_policy(EvictionPolicy::lru()).max_capacity(MEMORY);
        let memory = memory.weigher(|_, kept: &CachedResponse| kept.weight()).build();
        Self { inner, caller: asking, memory, disk, generations: Arc::default() }
    }

    /// What the answer is kept under if it is asked for now, unless it must not be kept.
    async fn key(&self, request: &Request) -> Result<Option<Key>, TransportError> {
        let Some(identity) = self.caller.identity(request).await? else { return Ok(None) };
        let service = ServiceKey::for_request(request);
        let others = self.disk.as_ref().map(|disk| disk.writes(&service)).unwrap_or_default();
        let writes = self.generations.lock().unwrap_or_else(PoisonError::into_inner).get(&service).copied();
        let name = fingerprint([identity.as_bytes(), request.dedupe_key().as_bytes(), &others]);
        Ok(Some(Key { service, writes: writes.unwrap_or_default(), name }))
    }

    /// Answers `request` from the disk, or by sending it; once for all that ask at the same time.
    async fn load_or_send(self, key: Key, request: Request, wanted: Freshness) -> SharedResult {
        loop {
            let mut sent = None;
            let looking = async {
                if let Some(kept) = self.load(&key).await.filter(|kept| kept.is_fresh_for(wanted)) {
                    return Ok(kept);
                }
                let ending = sent.insert(self.inner.send(&request).await);
                self.keep(&key, &request, ending).await.ok_or_else(|| ending.clone())
            };
            let found = self.memory.try_get_with_by_ref(&key, looking).await;
            if let Some(own) = sent {
                return own;
            }
            match found {
                Ok(kept) if kept.is_fresh_for(wanted) => return Ok(kept.serve()),
                // Whoever sent for it takes older answers.
                Ok(_) => self.memory.invalidate(&key).await,
                Err(ending) => return shared(&ending),
            }
        }
    }

    /// The answer that is on the disk.
    async fn load(&self, key: &Key) -> Option<CachedResponse> {
        let (disk, Key { service, name, .. }) = (Arc::clone(self.disk.as_ref()?), key.clone());
        // Nothing reads any more where the process is at its end.
        tokio::task::spawn_blocking(move || disk.load(&service, &name)).await.ok().flatten()
    }

    /// Keeps what `request` ended with, if it may be given again.
    async fn keep(&self, key: &Key, request: &Request, ending: &SharedResult) -> Option<CachedResponse> {
        let kept = CachedResponse::from_response(request, ending.as_ref().ok()?)?;
        // Otherwise the service was written to meanwhile, or somebody else asks by now.
        if self.key(request).await.ok()?.as_ref() != Some(key) {
            return None;
        }
        if let Some(disk) = &self.disk {
            let (disk, Key { service, name, .. }, kept) = (Arc::clone(disk), key.clone(), kept.clone());
            // Nor does anything write then.
            let _ = tokio::task::spawn_blocking(move || disk.store(&service, &name, &kept)).await;
        }
        Some(kept)
    }

    /// Drops what is kept of a service, and what is on its way to be.
    fn invalidate(&self, service: &ServiceKey) {
        *self.generations.lock().unwrap_or_else(PoisonError::into_inner).entry(service.clone()).or_default() += 1;
        if let Some(disk) = &self.disk {
            disk.invalidate(service);
        }
    }
}

#[async_trait]
impl Transport for CachingTransport {
    async fn send(&self, request: &Request) -> SharedResult {
        let max_age = match (request.operation.method().verb, request.max_age) {
            (Verb::Select, Some(max_age)) => max_age,
            (Verb::Select, None) => return self.inner.send(request).await,
            _ => {
                let _writing = InvalidationGuard::begin(self, ServiceKey::for_request(request));
                return self.inner.send(request).await;
            }
        };
        let wanted = Freshness { asked: SystemTime::now(), max_age };
        let Some(key) = self.key(request).await? else { return self.inner.send(request).await };
        if let Some(kept) = self.memory.get(&key).await.filter(|kept| kept.is_fresh_for(wanted)) {
            return Ok(kept.serve());
        }
        // Others may wait for the answer while nobody polls this. Dropped, it gives up what it runs.
        let mut finding = JoinSet::new();
        finding.spawn(self.clone().load_or_send(key, request.clone(), wanted).in_current_span());
        finding.join_next().await.expect("one was spawned").unwrap_or_else(unfinished)
    }

    async fn has_cached(&self, request: &Request) -> bool {
        let (Verb::Select, Some(max_age)) = (request.operation.method().verb, request.max_age) else { return false };
        let wanted = Freshness { asked: SystemTime::now(), max_age };
        let Ok(Some(key)) = self.key(request).await else { return false };
        let here = self.memory.get(&key).await.is_some_and(|kept| kept.is_fresh_for(wanted));
        here || self.load(&key).await.is_some_and(|kept| kept.is_fresh_for(wanted))
    }

    async fn purge(&self) -> Result<(), TransportError> {
        self.memory.invalidate_all();
        let Some(disk) = self.disk.clone() else { return Ok(()) };
        let purged = tokio::task::spawn_blocking(move || disk.purge()).await;
        purged.map_err(std::io::Error::other).flatten().map_err(|error| {
            let message = format!("answers are kept that cannot be removed: {error}; remove the folder of answers");
            TransportError { kind: TransportErrorKind::Configuration, message, attempts: Vec::new() }
        })
    }

    async fn default_scope(&self, provider: &Provider, scope: &Scope) -> Result<String, TransportError> {
        self.inner.default_scope(provider, scope).await
    }
}

/// A write that goes on. What is kept is dropped when it begins, and when it ends or is given up.
struct InvalidationGuard<'a> {
    caching: &'a CachingTransport,
    service: ServiceKey,
}

impl<'a> InvalidationGuard<'a> {
    fn begin(caching: &'a CachingTransport, service: ServiceKey) -> Self {
        caching.invalidate(&service);
        Self { caching, service }
    }
}

impl Drop for InvalidationGuard<'_> {
    fn drop(&mut self) {
        self.caching.invalidate(&self.service);
    }
}

impl ServiceKey {
    fn for_request(request: &Request) -> Self {
        let (provider, service) = (&request.operation.provider, &request.operation.service);
        Self { provider: provider.name.clone(), name: service.name.clone() }
    }
}

/// What another sent for and is not kept, for one who waited for it and sent nothing.
fn shared(ending: &SharedResult) -> SharedResult {
    match ending {
        Ok(answer) => Ok(to_response(answer)),
        Err(error) => Err(TransportError { attempts: Vec::new(), ..error.clone() }),
    }
}

fn unfinished(why: JoinError) -> SharedResult {
    match why.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(why) => {
            let message = format!("the request was given up: {why}");
            Err(TransportError { kind: TransportErrorKind::Broken, message, attempts: Vec::new() })
        }
    }
}

#[cfg(test)]
mod tests;
