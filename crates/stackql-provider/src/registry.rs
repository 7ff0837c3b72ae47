//! The seam to a registry: which definitions can be had, and having one. What is on disk is nobody's business here.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use thiserror::Error;

use crate::names::did_you_mean;

/// Where definitions of providers are published, and the folder into which they are installed.
///
/// The caller passes names as a person typed them and may drop any future at any time.
/// The implementer touches network and disk only when called, returns the registry's own spelling of names, lists
/// versions from the oldest to the newest, and leaves either what was installed before or what was asked for, never
/// something between, however a pull ends.
#[async_trait]
pub trait Registry: fmt::Debug + Send + Sync {
    /// All providers, sorted by name.
    async fn list(&self) -> Result<Vec<Published>, RegistryError>;

    /// One provider.
    async fn versions(&self, provider: &str) -> Result<Published, RegistryError>;

    /// Installs a provider, in its latest stable version where none is named; `transfer` tells how far that is.
    async fn pull(
        &self,
        provider: &str,
        version: Option<&str>,
        transfer: &DownloadProgress,
    ) -> Result<Installed, RegistryError>;
}

/// A provider that a registry has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub provider: String,
    /// The versions, the oldest first.
    pub versions: Vec<String>,
    /// The version that a pull takes where none is named: the latest stable one, else the latest of all.
    pub latest: String,
    /// Why the registry could not be asked, where this is what is here without it.
    pub unavailable: Option<RegistryError>,
}

/// What a pull came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The provider.
    pub provider: String,
    /// The version.
    pub version: String,
    /// Where it is now.
    pub location: InstallLocation,
    /// What a person should know about it, a line each.
    pub notes: Vec<String>,
}

/// Where definitions are that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallLocation {
    /// On disk, where the pull left them.
    Directory,
    /// In the program, where they were before: nothing was fetched.
    BuiltIn,
}

/// How far a download is.
#[derive(Debug, Default)]
pub struct DownloadProgress {
    /// Bytes that are here.
    pub received: AtomicU64,
    /// Bytes there are; 0 while nothing is downloaded or nobody knows.
    pub total: AtomicU64,
}

impl DownloadProgress {
    /// Sets both to zero, for the next download.
    pub fn reset(&self) {
        self.received.store(0, Ordering::Relaxed);
        self.total.store(0, Ordering::Relaxed);
    }
}

/// Why a registry gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no registry behind a folder of this machine.
    #[error("'registry {action}' is meaningless in local mode")]
    Local {
        /// What was asked for.
        action: &'static str,
    },
    /// The registry has no such provider.
    #[error("the registry has no provider '{name}'{}; it has: {}", did_you_mean(.suggestion.as_deref()), .known.join(", "))]
    UnknownProvider {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// The registry has the provider, not in this version.
    #[error("the registry has no version '{version}' of provider '{provider}'{}; it has: {}", did_you_mean(.suggestion.as_deref()), .known.join(", "))]
    UnknownVersion {
        /// The provider.
        provider: String,
        /// What was asked for.
        version: String,
        /// What there is.
        known: Vec<String>,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// The configuration cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// The registry cannot be reached, or does not answer as one.
    #[error("{0}")]
    Unavailable(String),
    /// What the registry sent is not what it should be; nothing was installed.
    #[error("{provider} {version} was not installed: {reason}")]
    Refused {
        /// The provider.
        provider: String,
        /// The version.
        version: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder of definitions cannot be read or written.
    #[error("cannot {action} {path}: {reason}")]
    Disk {
        /// What was tried: `read`, `write`.
        action: &'static str,
        /// Where.
        path: String,
        /// Why not.
        reason: String,
    },
}
