//! The registry client: lists published providers over HTTP, and downloads, verifies and installs them into a folder. Owns
//! the order of these steps; each step is a module of its own.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use stackql_provider::{DownloadProgress, InstallLocation, Installed, Published, Registry, RegistryError};

use crate::Client;
use crate::http::url::redacted_url;
use crate::registry::archive::{ArchiveError, Limits};
use crate::registry::config::RegistryConfig;
use crate::registry::document_download::Source;
use crate::registry::download::Fetched;
use crate::registry::index::Index;
use crate::registry::install_dir::{InstallDir, PartialDownload};
use crate::registry::signature::PublicKey;
use crate::registry::{archive, config, download, install_dir, signature};

/// The file name of a registry's index.
const INDEX: &str = "providers.yaml";
/// The maximum size of the index, in MiB.
const LARGEST_INDEX: usize = 16;
/// The maximum size of a document, in MiB; the compiler of definitions reads no larger ones.
const LARGEST_DOCUMENT: usize = 64;

/// A [`Registry`] that is accessed over the connections of a client.
#[derive(Debug)]
pub struct RemoteRegistry {
    client: Arc<Client>,
    config: RegistryConfig,
    root: PathBuf,
}

/// The policy for signatures.
#[derive(Debug, Clone)]
enum SignaturePolicy {
    /// Signatures are not verified, by configuration.
    Anything,
    /// Signatures cannot be verified, since no public key is configured.
    Unknown,
    /// All documents must have a valid signature of this key.
    Key(PublicKey),
}

impl RemoteRegistry {
    /// Creates the registry of a configuration. Definitions are installed below `root` unless the configuration names another
    /// folder. Sends and writes nothing.
    pub fn new(client: Arc<Client>, config: RegistryConfig, root: PathBuf) -> Self {
        let root = config.local_doc_root.clone().unwrap_or(root);
        Self { client, config, root }
    }

    async fn index(&self) -> Result<Index, RegistryError> {
        let url = download::below(&download::address(&self.config.url)?, &[&self.config.dist_prefix, INDEX])?;
        let text = match download::document(&self.client, &url, LARGEST_INDEX).await? {
            Fetched::Here(text) => text,
            Fetched::Absent(error) => return Err(error),
        };
        Index::parse(&text).map_err(|reason| {
            let place = redacted_url(&url);
            RegistryError::Unavailable(format!(
                "{place} is no list of providers: {reason}; check the url of --registry"
            ))
        })
    }

    fn remote(&self, action: &'static str) -> Result<(), RegistryError> {
        if self.config.is_local() { Err(RegistryError::Local { action }) } else { Ok(()) }
    }

    fn trust(&self) -> Result<SignaturePolicy, RegistryError> {
        let config = &self.config.verify_config;
        let text = match (&config.public_key, &config.public_key_path) {
            _ if config.nop_verify => return Ok(SignaturePolicy::Anything),
            (Some(key), _) => key.clone(),
            (None, Some(path)) => std::fs::read_to_string(path).map_err(|e| install_dir::disk("read", path, &e))?,
            (None, None) => return Ok(SignaturePolicy::Unknown),
        };
        PublicKey::parse(&text).map(SignaturePolicy::Key).ok_or_else(|| {
            RegistryError::Configuration(
                "the public key of verifyConfig is no Ed25519 key; give base64 of its 32 bytes, or PEM".to_owned(),
            )
        })
    }
}

#[async_trait]
impl Registry for RemoteRegistry {
    async fn list(&self) -> Result<Vec<Published>, RegistryError> {
        self.remote("list")?;
        Ok(self.index().await?.into_providers())
    }

    async fn versions(&self, provider: &str) -> Result<Published, RegistryError> {
        self.remote("list")?;
        self.index().await?.provider(provider).cloned()
    }

    async fn pull(
        &self,
        provider: &str,
        version: Option<&str>,
        transfer: &DownloadProgress,
    ) -> Result<Installed, RegistryError> {
        self.remote("pull")?;
        let trust = self.trust()?;
        let index = self.index().await?;
        let published = index.provider(provider)?;
        let (provider, version) = (published.provider.clone(), Index::version(published, version)?.to_owned());
        let directories = config::directories()?;
        let directory = directories.get(&provider).unwrap_or(&provider);
        let file = format!("{version}.tgz");
        let base = download::address(&self.config.url)?;
        let url = download::below(&base, &[&self.config.dist_prefix, directory, &file])?;
        let folder = InstallDir::lock(self.root.join(&self.config.src_prefix).join(directory)).await?;
        let part = folder.part(&version)?;
        let content = match download::archive(&self.client, &url, &part, transfer).await? {
            Fetched::Here(size) => Content::Archive(size),
            Fetched::Absent(_) if self.config.allow_src_download => {
                let source = Source {
                    client: &self.client,
                    url: download::below(&base, &[&self.config.src_prefix])?,
                    provider: &provider,
                    directory,
                    version: &version,
                    signed: matches!(trust, SignaturePolicy::Key(_)),
                    limits: Limits::GENEROUS,
                    largest: LARGEST_DOCUMENT,
                };
                match source.fetch(&folder.unpacking(&version)?, transfer).await {
                    Ok(files) => Content::Documents(files),
                    Err(error) => {
                        folder.discard(&version)?;
                        return Err(error);
                    }
                }
            }
            Fetched::Absent(error) => return Err(error),
        };
        let work = PendingInstall { provider, version, folder, part, content, trust };
        // The blocking task runs to its end even if this future is dropped; it owns the lock.
        let worked = tokio::task::spawn_blocking(move || work.finish()).await;
        worked.unwrap_or_else(|e| Err(RegistryError::Unavailable(format!("the archive was not unpacked: {e}"))))
    }
}

/// A downloaded version that is to be unpacked, verified and installed.
struct PendingInstall {
    provider: String,
    version: String,
    folder: InstallDir,
    part: PartialDownload,
    content: Content,
    trust: SignaturePolicy,
}

/// The form in which a version was downloaded.
enum Content {
    /// An archive of this size in bytes.
    Archive(u64),
    /// Single documents, which are already in the folder that an archive would be unpacked to.
    Documents(Vec<PathBuf>),
}

impl PendingInstall {
    fn finish(self) -> Result<Installed, RegistryError> {
        let notes = match self.checked() {
            Ok(notes) => notes,
            Err(error) => {
                self.folder.discard(&self.version)?;
                // A rejected download would be rejected again, so the next attempt must not resume it.
                self.part.remove()?;
                return Err(error);
            }
        };
        self.folder.install(&self.version)?;
        self.part.remove()?;
        Ok(Installed { provider: self.provider, version: self.version, location: InstallLocation::Directory, notes })
    }

    /// Unpacks and verifies the version; returns notes for the user.
    fn checked(&self) -> Result<Vec<String>, RegistryError> {
        let (into, files) = match &self.content {
            Content::Documents(files) => (self.folder.unpacked(&self.version), Cow::Borrowed(files)),
            Content::Archive(size) => {
                let into = self.folder.unpacking(&self.version)?;
                let archive = std::io::BufReader::new(download::open(&self.part.file)?);
                let unpacked = archive::unpack(archive, *size, &self.version, &into, Limits::GENEROUS);
                let files = unpacked.map_err(|e| match e {
                    ArchiveError::Disk { path, reason } => install_dir::disk("write", Path::new(&path), &reason),
                    refused => self.refused_error(refused.to_string()),
                })?;
                (into, Cow::Owned(files))
            }
        };
        let is_signature = |path: &&PathBuf| path.to_string_lossy().ends_with(signature::SUFFIX);
        // Single documents are downloaded without signatures if there is no key, so it is unknown whether they have any.
        let signed = matches!(self.content, Content::Documents(_)) || files.iter().any(|path| is_signature(&path));
        let key = match &self.trust {
            SignaturePolicy::Anything => return Ok(Vec::new()),
            SignaturePolicy::Unknown => {
                let why = match signed {
                    true => "no public key is configured; give one as verifyConfig.publicKeyPath of --registry",
                    false => "they carry none",
                };
                return Ok(vec![format!("signatures of {} {} were not verified: {why}", self.provider, self.version)]);
            }
            SignaturePolicy::Key(key) => key,
        };
        for path in files.iter().filter(|path| !is_signature(path)) {
            let document = read(&into.join(path))?;
            let mut beside = path.clone().into_os_string();
            beside.push(signature::SUFFIX);
            let beside = PathBuf::from(beside);
            if !files.contains(&beside) {
                let reason = "has no signature; verifyConfig.nopVerify of --registry installs it unverified";
                return Err(self.refused_error(format!("{} {reason}", path.display())));
            }
            let verified = key.verify(&document, &read(&into.join(beside))?);
            verified.map_err(|e| self.refused_error(format!("{}: {e}", path.display())))?;
        }
        Ok(Vec::new())
    }

    fn refused_error(&self, reason: String) -> RegistryError {
        RegistryError::Refused { provider: self.provider.clone(), version: self.version.clone(), reason }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, RegistryError> {
    std::fs::read(path).map_err(|e| install_dir::disk("read", path, &e))
}

#[cfg(test)]
mod tests;
