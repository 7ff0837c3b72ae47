//! A lazily compiled provider. Each service is compiled once and cached on disk under a hash of its inputs, so that
//! processes share it and changed documents are compiled again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stackql_provider::{
    CompiledError, CompiledProvider, Compression, LazyProvider, Provider, ProviderSource, Resource, Service, write,
};

use crate::documents::{CompiledService, Diagnostic, Documents};

/// Part of every cache key: a fingerprint of the compiler's sources.
const COMPILER_FINGERPRINT: &str = env!("MADE_OF");

/// A provider's documents on disk, compiled service by service on demand.
///
/// # Examples
///
/// ```no_run
/// use std::path::Path;
/// use stackql_provider::LazyProvider;
///
/// let cache = Path::new(".stackql/compiled");
/// let github = stackql_compile::DocumentProvider::open(Path::new(".stackql/src/github/v0.3.6"), Some(cache))?;
/// assert_eq!(github.provider().name, "github");
/// # Ok::<_, stackql_compile::Diagnostic>(())
/// ```
#[derive(Debug)]
pub struct DocumentProvider {
    documents: Documents,
    cache: Option<PathBuf>,
    compiled: Mutex<HashMap<usize, Arc<CompiledProvider>>>,
}

/// A cache entry on disk.
#[derive(Serialize, Deserialize)]
struct CachedService {
    /// The files it was compiled from, except those that are part of the key; `None` for files that did not exist.
    files: Vec<(String, Option<[u8; 32]>)>,
    compiled: Vec<u8>,
}

impl DocumentProvider {
    /// Opens the provider whose documents are in `folder`, which is `<root>/<directory>/<version>`. `cache` is the
    /// directory of compiled services; without one, every process compiles them.
    ///
    /// # Errors
    ///
    /// The provider's own document cannot be read or is invalid.
    pub fn open(folder: &Path, cache: Option<&Path>) -> Result<Self, Diagnostic> {
        let documents = Documents::open(folder)?;
        Ok(Self { documents, cache: cache.map(Path::to_owned), compiled: Mutex::default() })
    }

    fn compiled(&self, index: usize) -> Result<Arc<CompiledProvider>, CompiledError> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = compiled.get(&index) {
            return Ok(Arc::clone(known));
        }
        let entry = self.documents.provider().services.get(index).ok_or(CompiledError::Damaged(0))?;
        let bytes = self.bytes(&entry.name)?;
        let made = Arc::new(CompiledProvider::new(bytes)?);
        compiled.insert(index, Arc::clone(&made));
        Ok(made)
    }

    /// The compiled form of a service: the cache entry if it is up to date; otherwise it is compiled.
    fn bytes(&self, service: &str) -> Result<Vec<u8>, CompiledError> {
        let told = |problem: Diagnostic| CompiledError::Document(problem.to_string());
        let digests = self.documents.digests(service).map_err(told)?;
        let place = self.cache.as_ref().map(|cache| cache.join(key(&digests, self.documents.provider(), service)));
        if let Some(kept) = place.as_deref().and_then(|place| self.read_cached(place)) {
            return Ok(kept);
        }
        let CompiledService { source, mut files, .. } = self.documents.service(service).map_err(told)?;
        files.retain(|(_, digest)| digest.is_none() || !digests.contains(digest));
        let provider = self.documents.provider().clone();
        let compiled = write(&ProviderSource { provider, services: vec![source] }, Compression::Fast)?;
        if let Some(place) = place {
            keep(&place, &CachedService { files, compiled: compiled.clone() });
        }
        Ok(compiled)
    }

    fn read_cached(&self, place: &Path) -> Option<Vec<u8>> {
        let kept: CachedService = postcard::from_bytes(&std::fs::read(place).ok()?).ok()?;
        let is_same = |(file, digest): &(String, Option<[u8; 32]>)| self.documents.digest_of(file).ok() == *digest;
        kept.files.iter().all(is_same).then_some(kept.compiled)
    }
}

fn key([head, document]: &[Option<[u8; 32]>; 2], provider: &Provider, service: &str) -> String {
    fn part(digest: Option<&[u8; 32]>) -> &[u8] {
        digest.map_or(&[], |digest| digest)
    }
    // Name and version are part of the key, because the same documents in another directory are another provider.
    let names = [provider.name.as_str(), &provider.version, service].map(str::as_bytes);
    let mut hash = Sha256::new();
    for part in [COMPILER_FINGERPRINT.as_bytes(), part(head.as_ref()), part(document.as_ref())].into_iter().chain(names)
    {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    format!("{}.bin", hex::encode(hash.finalize()))
}

/// Writes a cache entry atomically. Errors are ignored, because the service can be compiled again.
fn keep(place: &Path, kept: &CachedService) {
    let Some(folder) = place.parent() else { return };
    let Ok(bytes) = postcard::to_stdvec(kept) else { return };
    let ours = folder.join(format!(".{}.{}", std::process::id(), place.file_name().unwrap_or_default().display()));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&ours, bytes))
        .and_then(|()| std::fs::rename(&ours, place));
    if written.is_err() {
        let _ = std::fs::remove_file(&ours);
    }
}

impl LazyProvider for DocumentProvider {
    fn provider(&self) -> &Provider {
        self.documents.provider()
    }

    fn service(&self, index: usize) -> Result<Service, CompiledError> {
        self.compiled(index)?.service(0)
    }

    fn resource(&self, service: usize, resource: usize) -> Result<Resource, CompiledError> {
        self.compiled(service)?.resource(0, resource)
    }
}
