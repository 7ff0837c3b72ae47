//! The response cache: [`CachingTransport`], a transport decorator. Owns the cache key, invalidation and the sharing of
//! concurrent requests; the entry is [`CachedResponse`], the files are those of [`DiskCache`].
//!
//! The key of an entry consists of the caller identity, the request, and the number of writes to the service so far. A write
//! counts twice, when it begins and when it ends. A response that was requested before a write ended is therefore never found
//! after the write, however late it arrived.

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

/// The maximum size of the cache in memory, in bytes.
const MEMORY: u64 = 256 << 20;
/// The maximum size of the cache on disk, in bytes, as far as this process knows its entries.
const DISK: u64 = 1 << 30;

/// Determines the caller identity of a request, for the key of the response cache.
#[async_trait]
pub trait CallerIdentity: fmt::Debug + Send + Sync {
    /// The caller identity: the credentials and the endpoint that the response depends on besides the request itself.
    ///
    /// Two callers that may get different responses must have different identities. The identity contains no secret, and
    /// is the same in other processes where possible. `None` if it cannot be determined; the response is then not cached.
    ///
    /// # Errors
    ///
    /// There are no credentials or no endpoint, so that the request could not be sent either.
    async fn identity(&self, request: &Request) -> Result<Option<String>, TransportError>;
}

/// A transport decorator that caches responses: it forwards requests, stores good responses of read requests in memory and on
/// disk, and serves them to equal requests while they are fresh, that is, not older than [`Request::max_age`].
///
/// Equal requests at the same time are sent once (single-flight). A request that may write invalidates all entries of its
/// service, of all callers and processes. Every process that writes must therefore use this decorator, even if it reads nothing
/// from the cache.
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
    /// The number of times that this process invalidated each service: twice per write.
    generations: Arc<Mutex<HashMap<ServiceKey, u64>>>,
}

/// The key of a cache entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    service: ServiceKey,
    writes: u64,
    /// A digest of the caller identity, the request, and the `writes` text of the service's folder, which other processes
    /// change, too.
    name: String,
}

/// A service: the unit of invalidation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ServiceKey {
    pub(crate) provider: String,
    pub(crate) name: String,
}

/// The result of a request, shared by its concurrent callers.
type SharedResult = Result<Response, TransportError>;

/// The freshness that a request needs: when it was made, and the maximum age of the response at that time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshness {
    pub(crate) asked: SystemTime,
    pub(crate) max_age: Duration,
}

/// Prints no cache entries, since responses may hold secrets.
impl fmt::Debug for CachingTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachingTransport").field("inner", &self.inner).field("disk", &self.disk).finish_non_exhaustive()
    }
}

impl CachingTransport {
    /// Creates a cache around `inner`, in memory and, if `folder` is given, on disk, where other processes share it. `asking`
    /// determines the caller identities, by which entries are separated.
    pub fn new(inner: Arc<dyn Transport>, asking: Arc<dyn CallerIdentity>, folder: Option<PathBuf>) -> Self {
        let disk = folder.map(|folder| Arc::new(DiskCache::new(folder, DISK)));
        // LRU evicts invalidated entries first, since their keys are no longer looked up.
        let memory = Cache::builder().eviction_policy(EvictionPolicy::lru()).max_capacity(MEMORY);
        let memory = memory.weigher(|_, kept: &CachedResponse| kept.weight()).build();
        Self { inner, caller: asking, memory, disk, generations: Arc::default() }
    }

    /// The key of the entry for a request made now; `None` if its response must not be cached.
    async fn key(&self, request: &Request) -> Result<Option<Key>, TransportError> {
        let Some(identity) = self.caller.identity(request).await? else { return Ok(None) };
        let service = ServiceKey::for_request(request);
        let others = self.disk.as_ref().map(|disk| disk.writes(&service)).unwrap_or_default();
        let writes = self.generations.lock().unwrap_or_else(PoisonError::into_inner).get(&service).copied();
        let name = fingerprint([identity.as_bytes(), request.dedupe_key().as_bytes(), &others]);
        Ok(Some(Key { service, writes: writes.unwrap_or_default(), name }))
    }

    /// Loads the response from disk, or sends the request; concurrent callers with the same key share one run.
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
                // The caller that ran it accepts older entries than this one.
                Ok(_) => self.memory.invalidate(&key).await,
                Err(ending) => return shared(&ending),
            }
        }
    }

    /// Loads the entry from disk.
    async fn load(&self, key: &Key) -> Option<CachedResponse> {
        let (disk, Key { service, name, .. }) = (Arc::clone(self.disk.as_ref()?), key.clone());
        // The task fails to run only when the runtime shuts down; the entry then counts as missing.
        tokio::task::spawn_blocking(move || disk.load(&service, &name)).await.ok().flatten()
    }

    /// Stores the response of `request`, if it is cacheable.
    async fn keep(&self, key: &Key, request: &Request, ending: &SharedResult) -> Option<CachedResponse> {
        let kept = CachedResponse::from_response(request, ending.as_ref().ok()?)?;
        // A changed key means that the service was written to meanwhile, or that the credentials changed.
        if self.key(request).await.ok()?.as_ref() != Some(key) {
            return None;
        }
        if let Some(disk) = &self.disk {
            let (disk, Key { service, name, .. }, kept) = (Arc::clone(disk), key.clone(), kept.clone());
            // It fails only when the runtime shuts down; the entry is then not stored.
            let _ = tokio::task::spawn_blocking(move || disk.store(&service, &name, &kept)).await;
        }
        Some(kept)
    }

    /// Invalidates the entries of a service, including those of requests in flight.
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
        // A task of its own makes progress for the other waiters even if this future is not polled. Dropping the set aborts it.
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

/// A write in progress: invalidates the service's entries when it begins, and again when it ends or is cancelled.
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

/// The result of another caller's request that was not cached, for a caller that waited for it and sent nothing.
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
