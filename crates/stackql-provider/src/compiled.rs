//! The compiled form of a provider: one file with an index, so that a reader decodes only the resources it needs.
//! `stackql-compile` and the CLI write it with [`write()`]; [`CompiledProvider`] reads it from memory or from a file.
//!
//! ```text
//! MAGIC  u32 length  head        little-endian length; postcard: Provider, and the span of each service's section
//! body: blocks and sections      spans count from the start of the body
//!   block of a resource:         zstd(postcard): Resource
//!   section of a service:        zstd(postcard): Service, and the span of each resource's block
//! ```

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{LazyProvider, Provider, Resource, Service};

/// First bytes of a compiled file; the digit changes with every version of the format.
const MAGIC: &[u8; 8] = b"SQLPROV8";
/// Maximum size of a decoded section or block, in bytes. A larger one means that the file is damaged or hostile.
const MAX_DECODED: u64 = 256 << 20;

/// Compression level: trades the time to write a file for its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// High compression, for files that are shipped.
    Best,
    /// Low compression, for files that are written while a user waits.
    Fast,
}

impl Compression {
    fn level(self) -> i32 {
        match self {
            Self::Best => 12,
            Self::Fast => 1,
        }
    }
}

/// A complete provider: the input of [`write()`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProviderSource {
    /// The head. [`write()`] derives its service entries from [`Self::services`].
    pub provider: Provider,
    /// The services.
    pub services: Vec<ServiceSource>,
}

/// A complete service of a [`ProviderSource`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceSource {
    /// The service. Its resource entries must list [`Self::resources`] in the same order.
    pub service: Service,
    /// The resources.
    pub resources: Vec<Resource>,
}

/// Why definitions of a provider cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompiledError {
    /// The file is not a compiled provider, or has another version of the format.
    #[error("not a compiled provider of this program's format; build it again")]
    Format,
    /// The file is damaged at this byte offset; 0 if a service or resource of this index does not exist.
    #[error("damaged at byte {0}; build it again")]
    Damaged(usize),
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    Io {
        /// The path of the file.
        path: String,
        /// The error of the operating system.
        reason: String,
    },
    /// The source documents do not describe a valid provider; the text says why.
    #[error("{0}")]
    Document(String),
    /// A value exceeds the limits of the format.
    #[error("too large for the compiled form")]
    TooLarge,
}

#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
struct Span {
    start: u32,
    len: u32,
}

#[derive(Serialize, Deserialize)]
struct Head {
    provider: Provider,
    sections: Vec<Span>,
}

#[derive(Serialize, Deserialize)]
struct Section {
    service: Service,
    blocks: Vec<Span>,
}

/// A compiled provider whose services and resources are decoded on demand.
pub struct CompiledProvider {
    bytes: Cow<'static, [u8]>,
    /// Offset of the body in `bytes`; spans count from here.
    body: usize,
    head: Head,
}

impl std::fmt::Debug for CompiledProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompiledProvider").field("name", &self.head.provider.name).finish_non_exhaustive()
    }
}

impl CompiledProvider {
    /// Opens a compiled file that is in memory, and decodes its head.
    ///
    /// # Errors
    ///
    /// [`CompiledError::Format`] if the bytes are not a compiled provider of this format, [`CompiledError::Damaged`] if the
    /// head cannot be decoded.
    pub fn new(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, CompiledError> {
        let bytes = bytes.into();
        let rest = bytes.strip_prefix(MAGIC.as_slice()).ok_or(CompiledError::Format)?;
        let (len, rest) = rest.split_first_chunk::<4>().ok_or(CompiledError::Format)?;
        let len = u32::from_le_bytes(*len) as usize;
        let head = rest.get(..len).ok_or(CompiledError::Damaged(MAGIC.len()))?;
        let head = postcard::from_bytes(head).map_err(|_| CompiledError::Damaged(MAGIC.len() + 4))?;
        Ok(Self { body: MAGIC.len() + 4 + len, bytes, head })
    }

    /// Reads a compiled file into memory, and decodes its head.
    ///
    /// # Errors
    ///
    /// [`CompiledError::Io`] if the file cannot be read; else as [`Self::new`].
    pub fn open(path: &Path) -> Result<Self, CompiledError> {
        let read = std::fs::read(path);
        Self::new(read.map_err(|e| CompiledError::Io { path: path.display().to_string(), reason: e.to_string() })?)
    }

    fn section(&self, index: usize) -> Result<Section, CompiledError> {
        let span = self.head.sections.get(index).ok_or(CompiledError::Damaged(0))?;
        self.decode(*span)
    }

    fn decode<T: DeserializeOwned>(&self, span: Span) -> Result<T, CompiledError> {
        let start = self.body + span.start as usize;
        let damaged = CompiledError::Damaged(start);
        let packed = self.bytes.get(start..start + span.len as usize).ok_or_else(|| damaged.clone())?;
        let mut plain = Vec::with_capacity(packed.len() * 4);
        let decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(|_| damaged.clone())?;
        decoder.take(MAX_DECODED).read_to_end(&mut plain).map_err(|_| damaged.clone())?;
        postcard::from_bytes(&plain).map_err(|_| damaged)
    }
}

impl LazyProvider for CompiledProvider {
    fn provider(&self) -> &Provider {
        &self.head.provider
    }

    fn service(&self, index: usize) -> Result<Service, CompiledError> {
        self.section(index).map(|s| s.service)
    }

    fn resource(&self, service: usize, resource: usize) -> Result<Resource, CompiledError> {
        let section = self.section(service)?;
        let span = section.blocks.get(resource).ok_or(CompiledError::Damaged(0))?;
        self.decode(*span)
    }
}

/// Serializes a provider into the compiled form. The output is deterministic: equal sources give equal bytes.
///
/// # Errors
///
/// [`CompiledError::TooLarge`] if a value cannot be serialized, or a length or offset exceeds 32 bits.
pub fn write(source: &ProviderSource, packing: Compression) -> Result<Vec<u8>, CompiledError> {
    let mut provider = source.provider.clone();
    provider.services = source
        .services
        .iter()
        .map(|s| crate::ServiceEntry {
            name: s.service.name.clone(),
            version: s.service.version.clone(),
            title: s.service.title.clone(),
        })
        .collect();

    let mut body = Vec::new();
    let mut sections = Vec::new();
    for service in &source.services {
        let blocks = service.resources.iter().map(|r| append(&mut body, r, packing)).collect::<Result<_, _>>()?;
        sections.push(append(&mut body, &Section { service: service.service.clone(), blocks }, packing)?);
    }
    let head = postcard::to_stdvec(&Head { provider, sections }).map_err(|_| CompiledError::TooLarge)?;
    let mut out = MAGIC.to_vec();
    out.extend(u32::try_from(head.len()).map_err(|_| CompiledError::TooLarge)?.to_le_bytes());
    out.extend(head);
    out.extend(body);
    Ok(out)
}

fn append<T: Serialize>(out: &mut Vec<u8>, value: &T, packing: Compression) -> Result<Span, CompiledError> {
    let plain = postcard::to_stdvec(value).map_err(|_| CompiledError::TooLarge)?;
    let packed = zstd::bulk::compress(&plain, packing.level()).map_err(|_| CompiledError::TooLarge)?;
    let start = u32::try_from(out.len()).map_err(|_| CompiledError::TooLarge)?;
    out.extend(&packed);
    Ok(Span { start, len: u32::try_from(packed.len()).map_err(|_| CompiledError::TooLarge)? })
}

#[cfg(test)]
mod tests;
