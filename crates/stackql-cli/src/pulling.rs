//! A registry whose pulls are seen at once: the statement behind `REGISTRY PULL` finds what it brought.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use stackql_client::RemoteRegistry;
use stackql_provider::{Definitions, Installed, Providers, Published, Registry, RegistryError, Transfer};

use crate::ending::Stop;

/// A registry, and how the session's definitions are read anew.
pub(crate) struct Pulling {
    pub(crate) remote: RemoteRegistry,
    pub(crate) definitions: Arc<Providers>,
    pub(crate) reload: Box<dyn Fn() -> Result<(), Stop> + Send + Sync>,
}

impl fmt::Debug for Pulling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulling").field("remote", &self.remote).finish_non_exhaustive()
    }
}

#[async_trait]
impl Registry for Pulling {
    async fn list(&self) -> Result<Vec<Published>, RegistryError> {
        self.remote.list().await
    }

    async fn versions(&self, provider: &str) -> Result<Published, RegistryError> {
        self.remote.versions(provider).await
    }

    async fn pull(
        &self,
        provider: &str,
        version: Option<&str>,
        transfer: &Transfer,
    ) -> Result<Installed, RegistryError> {
        let mut installed = self.remote.pull(provider, version, transfer).await?;
        if let Err(stop) = (self.reload)() {
            installed.notes.push(format!("the definitions were not read anew: {stop}"));
        }
        // Definitions that were given otherwise may stand in front of what was installed.
        let known = self.definitions.provider(&installed.provider).ok();
        let pulled = known.filter(|provider| provider.version == installed.version);
        installed.notes.extend(pulled.and_then(|provider| provider.notice()));
        Ok(installed)
    }
}
