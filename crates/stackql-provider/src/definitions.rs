//! The traits [`LazyProvider`] and [`Definitions`], and [`Providers`], which looks names up in any number of lazy providers
//! and caches what it decoded. The engine is the caller.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use thiserror::Error;

use crate::names::{NameMatch, did_you_mean, match_name, nearest};
use crate::{CompiledError, Provider, Resource, Service};

/// Where the definitions of a provider come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// They are embedded in the program.
    Embedded,
    /// They were read from the compiled file at this path.
    File(String),
    /// They were read from the source documents in this directory, such as those installed from a registry.
    Documents(String),
}

/// One row of `SHOW PROVIDERS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderEntry {
    /// The name of the provider, which is its catalog name in SQL.
    pub name: String,
    /// The version of the definitions.
    pub version: String,
    /// Where the definitions come from.
    pub origin: Origin,
}

/// One provider whose services and resources are decoded on demand.
///
/// The caller passes positions in the lists of the provider and of the service, and caches the results. The implementer
/// decodes only the requested service or resource and never uses the network.
pub trait LazyProvider: fmt::Debug + Send + Sync {
    /// The provider, including the index of its services.
    fn provider(&self) -> &Provider;

    /// Decodes the service at position `index` of [`Provider::services`], including the index of its resources.
    ///
    /// # Errors
    ///
    /// The index is out of range, or the definitions of the service cannot be read or decoded.
    fn service(&self, index: usize) -> Result<Service, CompiledError>;

    /// Decodes the resource at position `resource` of [`Service::resources`] of the service at position `service`.
    ///
    /// # Errors
    ///
    /// An index is out of range, or the definitions of the resource cannot be read or decoded.
    fn resource(&self, service: usize, resource: usize) -> Result<Resource, CompiledError>;
}

/// Looks up providers, services and resources by name. Calls are synchronous, and repeated ones are cheap, because
/// implementations cache what they decoded.
///
/// The caller may pass names in any spelling ([`crate::names`]). The implementer returns values that have the provider's
/// own spelling of the names, decodes only what the call needs, and never uses the network.
pub trait Definitions: fmt::Debug + Send + Sync {
    /// Lists all providers, sorted by name.
    fn providers(&self) -> Vec<ProviderEntry>;

    /// Looks up a provider.
    ///
    /// # Errors
    ///
    /// [`LookupError`]: the provider is unknown or ambiguous, or its definitions cannot be read.
    fn provider(&self, provider: &str) -> Result<Arc<Provider>, LookupError>;

    /// Looks up a service of a provider.
    ///
    /// # Errors
    ///
    /// [`LookupError`]: the provider or the service is unknown or ambiguous, or the definitions cannot be read.
    fn service(&self, provider: &str, service: &str) -> Result<Arc<Service>, LookupError>;

    /// Looks up a resource of a service.
    ///
    /// # Errors
    ///
    /// [`LookupError`]: the provider, the service or the resource is unknown or ambiguous, or the definitions cannot be read.
    fn resource(&self, provider: &str, service: &str, resource: &str) -> Result<Arc<Resource>, LookupError>;
}

/// Why a name could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LookupError {
    /// There is no provider of this name.
    #[error("cannot find provider = '{name}'{}; providers here: {}", did_you_mean(.suggestion.as_deref()), .known.join(", "))]
    UnknownProvider {
        /// The name as the caller passed it.
        name: String,
        /// The names of the known providers.
        known: Vec<String>,
        /// The most similar known name, if one is similar enough.
        suggestion: Option<String>,
    },
    /// The provider has no such service.
    #[error("cannot resolve service with key = '{name}' of provider '{provider}'{}; SHOW SERVICES IN {provider} lists them", did_you_mean(.suggestion.as_deref()))]
    UnknownService {
        /// The provider.
        provider: String,
        /// The name as the caller passed it.
        name: String,
        /// The most similar known name, if one is similar enough.
        suggestion: Option<String>,
    },
    /// The service has no such resource.
    #[error("service '{provider}.{service}' has no resource '{name}'{}; SHOW RESOURCES IN {provider}.{service} lists them", did_you_mean(.suggestion.as_deref()))]
    UnknownResource {
        /// The provider.
        provider: String,
        /// The service.
        service: String,
        /// The name as the caller passed it.
        name: String,
        /// The most similar known name, if one is similar enough.
        suggestion: Option<String>,
    },
    /// Several names match equally well.
    #[error("'{name}' is ambiguous: it may be {}", .candidates.join(" or "))]
    Ambiguous {
        /// The name as the caller passed it.
        name: String,
        /// The names that match.
        candidates: Vec<String>,
    },
    /// The definitions of the provider cannot be read or decoded.
    #[error("the definitions of '{provider}' cannot be read: {source}")]
    Unreadable {
        /// The provider.
        provider: String,
        /// The cause.
        source: CompiledError,
    },
}

/// A provider and the origin of its definitions.
pub type LoadedProvider = (Box<dyn LazyProvider>, Origin);

/// [`Definitions`] over any number of lazy providers. Caches every service and resource that was decoded.
#[derive(Debug)]
pub struct Providers {
    loaded: RwLock<Vec<Arc<Loaded>>>,
}

#[derive(Debug)]
struct Loaded {
    source: Box<dyn LazyProvider>,
    origin: Origin,
    head: Arc<Provider>,
    services: Mutex<HashMap<String, Arc<Service>>>,
    resources: Mutex<HashMap<(String, String), Arc<Resource>>>,
}

impl Providers {
    /// Creates definitions over these providers. Of several providers with the same name, the first one is used.
    pub fn new(providers: Vec<LoadedProvider>) -> Self {
        let these = Self { loaded: RwLock::default() };
        these.replace(providers);
        these
    }

    /// Replaces all providers and drops what was cached of the previous ones. Later lookups use the new providers; values
    /// that were returned before stay valid. Of several providers with the same name, the first one is used.
    pub fn replace(&self, providers: Vec<LoadedProvider>) {
        let mut loaded: Vec<Arc<Loaded>> = Vec::new();
        for (source, origin) in providers {
            let head = Arc::new(source.provider().clone());
            if loaded.iter().all(|l| l.head.name != head.name) {
                let (services, resources) = (Mutex::default(), Mutex::default());
                loaded.push(Arc::new(Loaded { source, origin, head, services, resources }));
            }
        }
        loaded.sort_by(|a, b| a.head.name.cmp(&b.head.name));
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
    }

    fn all(&self) -> Vec<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn loaded(&self, name: &str) -> Result<Arc<Loaded>, LookupError> {
        let all = self.all();
        let names = all.iter().enumerate().map(|(i, l)| (i, l.head.name.as_str()));
        match match_name(name, names.clone()) {
            NameMatch::One(i) => Ok(Arc::clone(&all[i])),
            NameMatch::Ambiguous(candidates) => Err(LookupError::Ambiguous { name: name.to_owned(), candidates }),
            NameMatch::None => Err(LookupError::UnknownProvider {
                name: name.to_owned(),
                known: names.clone().map(|(_, n)| n.to_owned()).collect(),
                suggestion: nearest(name, names.map(|(_, n)| n)).map(str::to_owned),
            }),
        }
    }
}

impl Loaded {
    fn unreadable(&self, source: CompiledError) -> LookupError {
        LookupError::Unreadable { provider: self.head.name.clone(), source }
    }

    fn service(&self, name: &str) -> Result<Arc<Service>, LookupError> {
        let names = self.head.services.iter().enumerate().map(|(i, s)| (i, s.name.as_str()));
        let index = match match_name(name, names.clone()) {
            NameMatch::One(i) => i,
            NameMatch::Ambiguous(candidates) => {
                return Err(LookupError::Ambiguous { name: name.to_owned(), candidates });
            }
            NameMatch::None => {
                return Err(LookupError::UnknownService {
                    provider: self.head.name.clone(),
                    name: name.to_owned(),
                    suggestion: nearest(name, names.map(|(_, n)| n)).map(str::to_owned),
                });
            }
        };
        let key = &self.head.services[index].name;
        let mut cache = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hit) = cache.get(key) {
            return Ok(Arc::clone(hit));
        }
        let service = Arc::new(self.source.service(index).map_err(|e| self.unreadable(e))?);
        cache.insert(key.clone(), Arc::clone(&service));
        Ok(service)
    }
}

impl Definitions for Providers {
    fn providers(&self) -> Vec<ProviderEntry> {
        let entry = |l: &Arc<Loaded>| ProviderEntry {
            name: l.head.name.clone(),
            version: l.head.version.clone(),
            origin: l.origin.clone(),
        };
        self.all().iter().map(entry).collect()
    }

    fn provider(&self, provider: &str) -> Result<Arc<Provider>, LookupError> {
        Ok(Arc::clone(&self.loaded(provider)?.head))
    }

    fn service(&self, provider: &str, service: &str) -> Result<Arc<Service>, LookupError> {
        self.loaded(provider)?.service(service)
    }

    fn resource(&self, provider: &str, service: &str, resource: &str) -> Result<Arc<Resource>, LookupError> {
        let loaded = self.loaded(provider)?;
        let service = loaded.service(service)?;
        let names =
            service.resources.iter().enumerate().filter(|(_, r)| !r.page_only).map(|(i, r)| (i, r.name.as_str()));
        let index = match match_name(resource, names.clone()) {
            NameMatch::One(i) => i,
            NameMatch::Ambiguous(candidates) => {
                return Err(LookupError::Ambiguous { name: resource.to_owned(), candidates });
            }
            NameMatch::None => {
                return Err(LookupError::UnknownResource {
                    provider: loaded.head.name.clone(),
                    service: service.name.clone(),
                    name: resource.to_owned(),
                    suggestion: nearest(resource, names.map(|(_, n)| n)).map(str::to_owned),
                });
            }
        };
        let key = (service.name.clone(), service.resources[index].name.clone());
        let mut cache = loaded.resources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hit) = cache.get(&key) {
            return Ok(Arc::clone(hit));
        }
        let at = loaded.head.services.iter().position(|s| s.name == service.name).unwrap_or_default();
        let decoded = Arc::new(loaded.source.resource(at, index).map_err(|e| loaded.unreadable(e))?);
        cache.insert(key, Arc::clone(&decoded));
        Ok(decoded)
    }
}
