//! Documents as a provider that is decoded bit by bit: each service is compiled once and kept on disk under the hash
//! of what it was made of, so that processes share it and a changed document is never read in its old form.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stackql_provider::{
    CompiledError, CompiledProvider, Compression, LazyProvider, Provider, ProviderSource, Resource, Service, write,
};

use crate::documents::{CompiledService, Diagnostic, Documents};

/// Part of every key: changes with what compiling makes of the same documents.
const COMPILER_FINGERPRINT: &str = env!("MADE_OF");

/// A provider's documents on disk, compiled when needed.
///
/// # Examples
///
/// ```no_run
/// use std::path::Path;
/// use stackql_provider::OnDemand;
///
/// let cache = Path::new(".stackql/compiled");
/// let github = stackql_compile::Installed::open(Path::new(".stackql/src/github/v0.3.6"), Some(cache))?;
/// assert_eq!(github.provider().name, "github");
/// # Ok::<_, stackql_compile::Problem>(())
/// ```
#[derive(Debug)]
pub struct DocumentProvider {
    documents: Documents,
    cache: Option<PathBuf>,
    compiled: Mutex<HashMap<usize, Arc<CompiledProvider>>>,
}

/// A service as it is kept.
#[derive(Serialize, Deserialize)]
struct CachedService {
    /// The files it was made of, beside those that the key speaks of.
    files: Vec<(String, Option<[u8; 32]>)>,
    compiled: Vec<u8>,
}

impl DocumentProvider {
    /// The provider whose documents are in `folder`, `<root>/<directory>/<version>`. `cache`: where compiled services
    /// are kept; without one they are compiled in every process.
    ///
    /// # Errors
    ///
    /// The problem that keeps the provider from being one.
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

    /// The compiled form of a service: the one that is kept, if it is of these documents, else a new one.
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
    // The same documents in another folder are another provider.
    let names = [provider.name.as_str(), &provider.version, service].map(str::as_bytes);
    let mut hash = Sha256::new();
    for part in [COMPILER_FINGERPRINT.as_bytes(), part(head.as_ref()), part(document.as_ref())].into_iter().chain(names)
    {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    format!("{}.bin", hex::encode(hash.finalize()))
}

/// Writes what is kept in one step; a folder that cannot be written means compiling again, no error.
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
