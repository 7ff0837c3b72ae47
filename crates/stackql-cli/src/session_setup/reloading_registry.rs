//! A registry decorator that reloads the session's definitions after each pull, so that the next statement uses them.
//! It also reports the built-in providers, which are available if the registry is not.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use stackql_client::{RemoteRegistry, sort_versions};
use stackql_provider::names::{NameMatch, match_name};
use stackql_provider::{
    Definitions, DownloadProgress, InstallLocation, Installed, Origin, ProviderEntry, Providers, Published, Registry,
    RegistryError,
};

use crate::exit::CliError;

/// A registry, and the function that reloads the session's definitions.
pub(crate) struct ReloadingRegistry {
    pub(crate) remote: RemoteRegistry,
    pub(crate) definitions: Arc<Providers>,
    pub(crate) reload: Box<dyn Fn() -> Result<(), CliError> + Send + Sync>,
}

impl ReloadingRegistry {
    /// The built-in provider of this name, if there is one.
    fn built_in(&self, provider: &str) -> Option<ProviderEntry> {
        let all = self.definitions.providers();
        let built_in = all.iter().filter(|entry| entry.origin == Origin::Embedded);
        match match_name(provider, built_in.enumerate().map(|(at, entry)| (at, entry.name.as_str()))) {
            NameMatch::One(at) => all.iter().filter(|entry| entry.origin == Origin::Embedded).nth(at).cloned(),
            _ => None,
        }
    }
}

impl fmt::Debug for ReloadingRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReloadingRegistry").field("remote", &self.remote).finish_non_exhaustive()
    }
}

#[async_trait]
impl Registry for ReloadingRegistry {
    async fn list(&self) -> Result<Vec<Published>, RegistryError> {
        self.remote.list().await
    }

    async fn versions(&self, provider: &str) -> Result<Published, RegistryError> {
        let Some(ProviderEntry { name, version, .. }) = self.built_in(provider) else {
            return self.remote.versions(provider).await;
        };
        match self.remote.versions(&name).await {
            Ok(mut published) => {
                published.versions.push(version);
                sort_versions(&mut published.versions);
                Ok(published)
            }
            Err(unasked @ RegistryError::Unavailable(_)) => Ok(Published {
                provider: name,
                versions: vec![version.clone()],
                latest: version,
                unavailable: Some(unasked),
            }),
            Err(error) => Err(error),
        }
    }

    async fn pull(
        &self,
        provider: &str,
        version: Option<&str>,
        transfer: &DownloadProgress,
    ) -> Result<Installed, RegistryError> {
        let built_in = self.built_in(provider);
        let here = |entry: ProviderEntry, notes| Installed {
            provider: entry.name,
            version: entry.version,
            location: InstallLocation::BuiltIn,
            notes,
        };
        let number = |version: &str| version.trim_start_matches('v').to_owned();
        if let (Some(entry), Some(wanted)) = (&built_in, version)
            && number(&entry.version) == number(wanted)
        {
            return Ok(here(entry.clone(), Vec::new()));
        }
        let mut installed = match (self.remote.pull(provider, version, transfer).await, built_in) {
            // Scripts that begin by pulling their providers can continue with the built-in version.
            (Err(RegistryError::Unavailable(why)), Some(entry)) if version.is_none() => {
                return Ok(here(entry, vec![format!("a newer version was not looked for: {why}")]));
            }
            (pulled, _) => pulled?,
        };
        if let Err(stop) = (self.reload)() {
            installed.notes.push(format!("the definitions were not read anew: {stop}"));
        }
        // Definitions of a higher precedence may hide the installed version, which then has no notices to report.
        let known = self.definitions.provider(&installed.provider).ok();
        let pulled = known.filter(|provider| provider.version == installed.version);
        installed.notes.extend(pulled.and_then(|provider| provider.notice()));
        Ok(installed)
    }
}
