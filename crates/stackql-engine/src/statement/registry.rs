//! REGISTRY LIST and REGISTRY PULL: convert the results of the trait [`Registry`] to rows and messages.

use datafusion::arrow::record_batch::RecordBatch;
use stackql_provider::{DownloadProgress, InstallLocation, Registry, RegistryError};

use crate::error::Error;
use crate::statement::listing::Listing;

/// Lists all providers with their latest versions, or one provider with all its versions. The error is the reason why the
/// registry was not reachable, if the versions are only those that are available locally.
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

/// Installs a provider, and returns the message for the user.
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
