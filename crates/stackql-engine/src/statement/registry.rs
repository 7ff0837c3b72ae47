//! REGISTRY LIST and REGISTRY PULL: what a registry says, as rows and as a message. The registry is a seam.

use datafusion::arrow::record_batch::RecordBatch;
use stackql_provider::{DownloadProgress, InstallLocation, Registry, RegistryError};

use crate::error::Error;
use crate::statement::listing::Listing;

/// All providers with their latest versions, or one with all of them; and why the registry could not be asked, where these
/// are those that are here without it.
pub(crate) async fn list(
    registry: &dyn Registry,
    provider: Option<&str>,
) -> Result<(RecordBatch, Option<RegistryError>), Error> {
    let mut unasked = None;
    let listing = match provider {
        None => {
            let published = registry.list().await?;
            let rows = published.into_iter().map(|p| [p.provider, p.latest]);
            Listing::new(&["provider", "version"], &[]).with(rows)
        }
        Some(provider) => {
            let published = registry.versions(provider).await?;
            let versions = published.versions.join(", ");
            unasked = published.unavailable;
            Listing::new(&["provider", "versions"], &[]).with([[published.provider, versions]])
        }
    };
    Ok((listing.batch(false)?, unasked))
}

/// Installs a provider; what to say about it.
pub(crate) async fn pull(
    registry: &dyn Registry,
    provider: &str,
    version: Option<&str>,
    transfer: &DownloadProgress,
) -> Result<String, Error> {
    let installed = registry.pull(provider, version, transfer).await?;
    let state = match installed.location {
        InstallLocation::Directory => "successfully installed",
        InstallLocation::BuiltIn => "is built in and stays in use",
    };
    let done = format!("{} provider, version '{}' {state}", installed.provider, installed.version);
    Ok(std::iter::once(done).chain(installed.notes).collect::<Vec<_>>().join("\n"))
}
