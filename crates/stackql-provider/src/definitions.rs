//! The seam through which the engine looks providers up, and its implementation over compiled files.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use thiserror::Error;

use crate::names::{NameMatch, did_you_mean, match_name, nearest};
use crate::{CompiledError, Provider, Resource, Service};

/// Where definitions come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// They are part of the program.
    Embedded,
    /// They were read from this file.
    File(String),
    /// They are documents in this folder, such as a registry's.
    Documents(String),
}

/// One row of `SHOW PROVIDERS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderEntry {
    /// The catalog name.
    pub name: String,
    /// The version.
    pub version: String,
    /// Where the definitions come from.
    pub origin: Origin,
}

/// One provider, whose services and resources are decoded when they are asked for.
///
/// The caller passes positions in the lists of the provider and of the service, and keeps what it got. The implementer
/// decodes no more than was asked for and never touches the network.
pub trait LazyProvider: fmt::Debug + Send + Sync {
    /// The provider, with the index of its services.
    fn provider(&self) -> &Provider;

    /// The service at `index` of the provider's services, with the index of its resources.
    fn service(&self, index: usize) -> Result<Service, CompiledError>;

    /// The resource at `resource` of the service at `service`.
    fn resource(&self, service: usize, resource: usize) -> Result<Resource, CompiledError>;
}

/// Looks providers up. Synchronous and cheap to call again: implementations keep what they decoded.
///
/// The caller may pass names in any spelling ([`crate::names`]). The implementer returns values whose own
/// names are the provider's spelling, decodes no more than was asked for, and never touches the network.
pub trait Definitions: fmt::Debug + Send + Sync {
    /// All providers, sorted by name.
    fn providers(&self) -> Vec<ProviderEntry>;

    /// A provider.
    fn provider(&self, provider: &str) -> Result<Arc<Provider>, LookupError>;

    /// A service of a provider.
    fn service(&self, provider: &str, service: &str) -> Result<Arc<Service>, LookupError>;

    /// A resource of a service.
    fn resource(&self, provider: &str, service: &str, resource: &str) -> Result<Arc<Resource>, LookupError>;
}

/// Why a name led nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LookupError {
    /// No provider has this name.
    #[error("cannot find provider = '{name}'{}; providers here: {}", did_you_mean(.suggestion.as_deref()), .known.join(", "))]
    UnknownProvider {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// The provider has no such service.
    #[error("cannot resolve service with key = '{name}' of provider '{provider}'{}; SHOW SERVICES IN {provider} lists them", did_you_mean(.suggestion.as_deref()))]
    UnknownService {
        /// The provider.
        provider: String,
        /// What was asked for.
        name: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// The service has no such resource.
    #[error("service '{provider}.{service}' has no resource '{name}'{}; SHOW RESOURCES IN {provider}.{service} lists them", did_you_mean(.suggestion.as_deref()))]
    UnknownResource {
        /// The provider.
        provider: String,
        /// The service.
        service: String,
        /// What was asked for.
        name: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// The name fits several things equally well.
    #[error("'{name}' is ambiguous: it may be {}", .candidates.join(" or "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// What it fits.
        candidates: Vec<String>,
    },
    /// The compiled definitions cannot be read.
    #[error("the definitions of '{provider}' cannot be read: {source}")]
    Unreadable {
        /// The provider.
        provider: String,
        /// Why.
        source: CompiledError,
    },
}

/// A provider, and where it comes from.
pub type LoadedProvider = (Box<dyn LazyProvider>, Origin);

/// Definitions over any providers, with all that was decoded of them.
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
    /// Definitions over these providers. Of two with the same name the first is seen.
    pub fn new(providers: Vec<LoadedProvider>) -> Self {
        let these = Self { loaded: RwLock::default() };
        these.replace(providers);
        these
    }

    /// Takes these providers in place of those there were. What is looked up afterwards is looked up in them.
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
