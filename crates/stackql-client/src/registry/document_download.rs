//! Downloads a version document by document, if the registry has no archive of it: its `provider.yaml` and, recursively, all
//! documents that are referenced. Documents are untrusted: all of them must be below the version's folder, and their size and
//! number are limited.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value as Json;
use stackql_provider::{DownloadProgress, RegistryError};
use url::Url;

use super::archive::{Limits, parts};
use super::download::Fetched;
use super::install_dir::disk;
use super::{download, signature};
use crate::Client;
use crate::config::structured_flag::structured;

const FIRST: &str = "provider.yaml";
/// The number of concurrent downloads.
const AT_ONCE: usize = 8;

/// The source of a version's documents.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) client: &'a Client,
    /// The URL of the folder of all providers.
    pub(crate) url: Url,
    pub(crate) provider: &'a str,
    pub(crate) directory: &'a str,
    pub(crate) version: &'a str,
    /// Whether signatures are downloaded, too.
    pub(crate) signed: bool,
    pub(crate) limits: Limits,
    /// The maximum size of a document, in MiB.
    pub(crate) largest: usize,
}

impl Source<'_> {
    /// Downloads all documents into the empty folder `into`. Returns the paths of the files, relative to `into`. After an
    /// error, files that were written stay there.
    pub(crate) async fn fetch(&self, into: &Path, transfer: &DownloadProgress) -> Result<Vec<PathBuf>, RegistryError> {
        transfer.reset();
        let mut known = BTreeSet::from([FIRST.to_owned()]);
        let mut wanted = vec![FIRST.to_owned()];
        let (mut files, bytes) = (Vec::new(), AtomicUsize::new(0));
        while !wanted.is_empty() {
            let fetched = futures::stream::iter(wanted.drain(..)).map(|path| self.one(path, into, &bytes, transfer));
            let fetched: Vec<(Vec<PathBuf>, BTreeSet<String>)> = fetched.buffered(AT_ONCE).try_collect().await?;
            for (written, named) in fetched {
                files.extend(written);
                wanted.extend(named.into_iter().filter(|path| known.insert(path.clone())));
            }
            if known.len() > self.limits.entries {
                return Err(self.refused(format!("its documents are more than {}", self.limits.entries)));
            }
        }
        Ok(files)
    }

    /// Downloads the document at this path below the version's folder. Returns the files that were written, and the paths
    /// that the document references.
    async fn one(
        &self,
        path: String,
        into: &Path,
        bytes: &AtomicUsize,
        transfer: &DownloadProgress,
    ) -> Result<(Vec<PathBuf>, BTreeSet<String>), RegistryError> {
        let text = match self.document(&path).await? {
            Fetched::Here(text) => text,
            Fetched::Absent(error) => return Err(error),
        };
        let read = structured::<Json>(&text);
        let read = read.map_err(|e| self.refused(format!("{path} is no document: {e}")))?;
        let mut references = BTreeSet::new();
        collect(&read, &mut references);
        let named = references.into_iter().map(|file| self.below(&path, file)).collect::<Result<_, _>>()?;
        let signature = format!("{path}{}", signature::SUFFIX);
        let mut written = vec![(path, text)];
        // A missing signature is no error here; the verification before the install reports it.
        if self.signed
            && let Fetched::Here(text) = self.document(&signature).await?
        {
            written.push((signature, text));
        }
        for (path, text) in &written {
            transfer.received.fetch_add(text.len() as u64, Ordering::Relaxed);
            let sum = bytes.fetch_add(text.len(), Ordering::Relaxed) + text.len();
            if sum as u64 > self.limits.unpacked {
                return Err(self.refused(format!("its documents are more than {} bytes", self.limits.unpacked)));
            }
            write(&into.join(path), text)?;
        }
        Ok((written.into_iter().map(|(path, _)| path.into()).collect(), named))
    }

    async fn document(&self, path: &str) -> Result<Fetched<String>, RegistryError> {
        let url = download::below(&self.url, &[self.directory, self.version, path])?;
        download::document(self.client, &url, self.largest).await
    }

    /// The path below the version's folder of a file that a document references, relative either to the folder of all
    /// providers or to the document.
    fn below(&self, document: &str, file: &str) -> Result<String, RegistryError> {
        let outside = || self.refused(format!("{document} names '{}', which is not below it", file.escape_debug()));
        let named = parts(file.as_bytes()).ok_or_else(outside)?;
        let path = match named.as_slice() {
            [directory, version, below @ ..] if *directory == self.directory => {
                if *version != self.version {
                    return Err(outside());
                }
                below.to_vec()
            }
            beside => {
                let folders = Path::new(document).parent().and_then(Path::to_str).unwrap_or_default();
                folders.split('/').filter(|folder| !folder.is_empty()).chain(beside.iter().copied()).collect()
            }
        };
        // Hidden files and signatures are not documents.
        let is_odd = |name: &&str| name.starts_with('.') || name.ends_with(signature::SUFFIX);
        if path.is_empty() || path.iter().any(is_odd) {
            return Err(outside());
        }
        Ok(path.join("/"))
    }

    fn refused(&self, reason: String) -> RegistryError {
        RegistryError::Refused { provider: self.provider.to_owned(), version: self.version.to_owned(), reason }
    }
}

fn write(path: &Path, text: &str) -> Result<(), RegistryError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(folder).map_err(|e| disk("write", folder, &e))?;
    let written = std::fs::File::create_new(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|e| disk("write", path, &e))
}

/// Collects the files that a document references by `$ref`; absolute URLs are ignored.
fn collect<'a>(value: &'a Json, into: &mut BTreeSet<&'a str>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Json::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|_| name == "$ref") {
                    Some(reference) => {
                        let file = reference.split('#').next().unwrap_or_default();
                        if !file.is_empty() && !file.contains("://") {
                            into.insert(file);
                        }
                    }
                    None => collect(member, into),
                }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
