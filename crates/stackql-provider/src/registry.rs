//! The trait [`Registry`]: lists published provider definitions and installs them. The layout of the files on disk is up to
//! the implementer.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use thiserror::Error;

use crate::names::did_you_mean;

/// A registry of published provider definitions, together with the directory into which they are installed.
///
/// The caller passes names as the user typed them and may drop any future at any time. The implementer uses network and
/// disk only during a call, returns the registry's own spelling of names, and lists versions from the oldest to the newest.
/// Installation is atomic: however a pull ends, either the previous or the requested version is installed.
#[async_trait]
pub trait Registry: fmt::Debug + Send + Sync {
    /// Lists all published providers, sorted by name.
    ///
    /// # Errors
    ///
    /// [`RegistryError`]: there is no remote registry, its configuration is invalid, or it is not reachable.
    async fn list(&self) -> Result<Vec<Published>, RegistryError>;

    /// Looks up one published provider with all its versions.
    ///
    /// # Errors
    ///
    /// As [`Self::list`]; also [`RegistryError::UnknownProvider`].
    async fn versions(&self, provider: &str) -> Result<Published, RegistryError>;

    /// Downloads and installs a provider: `version`, or [`Published::latest`] if it is `None`. `transfer` is updated as the
    /// download progresses.
    ///
    /// # Errors
    ///
    /// As [`Self::versions`]; also an unknown version, content that fails the checks ([`RegistryError::Refused`]), and errors
    /// of the disk ([`RegistryError::Disk`]).
    async fn pull(
        &self,
        provider: &str,
        version: Option<&str>,
        transfer: &DownloadProgress,
    ) -> Result<Installed, RegistryError>;
}

/// A provider that a registry publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The name of the provider.
    pub provider: String,
    /// The published versions, the oldest first.
    pub versions: Vec<String>,
    /// The version that a pull without a version installs: the latest stable one, or the latest one if none is stable.
    pub latest: String,
    /// Why the registry was not reachable, if this entry lists only what is available locally.
    pub unavailable: Option<RegistryError>,
}

/// The result of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The provider.
    pub provider: String,
    /// The version.
    pub version: String,
    /// Where the definitions are.
    pub location: InstallLocation,
    /// Notes and warnings for the user, one line each.
    pub notes: Vec<String>,
}

/// Where the definitions are after a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallLocation {
    /// In the installation directory, where the pull placed them.
    Directory,
    /// In the program itself: the provider is built in, and nothing was installed.
    BuiltIn,
}

/// Progress of a download, in bytes. It is shared between the downloading task and its observers.
#[derive(Debug, Default)]
pub struct DownloadProgress {
    /// Bytes received so far.
    pub received: AtomicU64,
    /// Size of the download in bytes; 0 if no download runs or the size is unknown.
    pub total: AtomicU64,
}

impl DownloadProgress {
    /// Sets both counters to zero, for the next download.
    pub fn reset(&self) {
        self.received.store(0, Ordering::Relaxed);
        self.total.store(0, Ordering::Relaxed);
    }
}

/// Why a registry operation failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The registry is a local directory, so there is no remote registry to list or to pull from.
    #[error("'registry {action}' is meaningless in local mode")]
    Local {
        /// The name, version or operation that the caller requested.
        action: &'static str,
    },
    /// The registry has no such provider.
    #[error("the registry has no provider '{name}'{}; it has: {}", did_you_mean(.suggestion.as_deref()), .known.join(", "))]
    UnknownProvider {
        /// The name, version or operation that the caller requested.
        name: String,
        /// The names or versions that the registry has.
        known: Vec<String>,
        /// The most similar known name, if one is similar enough.
        suggestion: Option<String>,
    },
    /// The registry publishes the provider, but not this version.
    #[error("the registry has no version '{version}' of provider '{provider}'{}; it has: {}", did_you_mean(.suggestion.as_deref()), .known.join(", "))]
    UnknownVersion {
        /// The provider.
        provider: String,
        /// The name, version or operation that the caller requested.
        version: String,
        /// The names or versions that the registry has.
        known: Vec<String>,
        /// The most similar known name, if one is similar enough.
        suggestion: Option<String>,
    },
    /// The configuration of the registry is invalid.
    #[error("{0}")]
    Configuration(String),
    /// The registry cannot be reached, or its response is not that of a registry.
    #[error("{0}")]
    Unavailable(String),
    /// The downloaded content failed a check, such as its signature; nothing was installed.
    #[error("{provider} {version} was not installed: {reason}")]
    Refused {
        /// The provider.
        provider: String,
        /// The version.
        version: String,
        /// Why the content was rejected.
        reason: String,
    },
    /// The installation directory cannot be read or written.
    #[error("cannot {action} {path}: {reason}")]
    Disk {
        /// The operation that failed: `read` or `write`.
        action: &'static str,
        /// The path.
        path: String,
        /// The error of the operating system.
        reason: String,
    },
}
