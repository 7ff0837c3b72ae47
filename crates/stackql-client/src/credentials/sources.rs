//! The credential sources of one client: chooses between the auth context of a provider and the default chain, which all
//! providers share. How a source is queried is up to `credentials::source`.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use crate::auth::lookup::SourceError;
use crate::auth::{ASSUMED, Authenticator};
use crate::carrier::Carrier;
use crate::credentials::profile::Profile;
use crate::credentials::source::{Asking, CredentialSource};
use crate::{AuthContext, Settings};

/// The region that is used if none is configured.
pub(crate) const REGION: &str = "us-east-1";

/// The credential sources of one client.
#[derive(Debug, Default)]
pub(crate) struct CredentialSources {
    chain: CredentialSource,
}

impl CredentialSources {
    /// Removes the cached credentials of the default chain.
    pub(crate) async fn forget(&self) {
        self.chain.forget().await;
    }

    /// The credentials for requests of `authoriser`. Those of its auth context are cached in `source`; credential requests
    /// are sent over `carrier`.
    pub(crate) async fn credentials(
        &self,
        authoriser: &Authenticator,
        source: &CredentialSource,
        settings: &Settings,
        profile: &Profile,
        carrier: &Carrier,
    ) -> Result<Credentials, String> {
        let asking = || -> Result<Asking<'_>, String> {
            Ok(Asking { profile, region: region(settings, profile)?, carrier: carrier.clone() })
        };
        let Some(context) = authoriser.context() else {
            return self.chain.credentials(async { asking()?.meant().await }).await;
        };
        let named = async {
            let (keys, asking) = (authoriser.access_keys(context, &settings.environment)?, asking()?);
            let base = match keys {
                Some(keys) => SharedCredentialsProvider::new(keys),
                None => asking.meant().await?,
            };
            match context.kind.as_str() {
                ASSUMED => role(context, base, settings, &asking).await.map_err(|e| authoriser.describe_error(&e)),
                _ => Ok(base),
            }
        };
        source.credentials(named).await
    }
}

async fn role(
    context: &AuthContext,
    base: SharedCredentialsProvider,
    settings: &Settings,
    asking: &Asking<'_>,
) -> Result<SharedCredentialsProvider, SourceError> {
    let role = context.role(&settings.environment)?;
    if let Some(region) = &role.region {
        stackql_call::region(region).map_err(|e| format!("has {e}"))?;
    }
    let endpoint = match role.endpoint.clone().or_else(|| settings.endpoint_url.clone()) {
        Some(url) => Some(url),
        None => asking.profile.endpoint_url("STS")?,
    };
    Ok(asking.assumed(role, base, endpoint).await?)
}

/// The region of credential requests: that of the environment, else of the profile, else [`REGION`].
fn region(settings: &Settings, profile: &Profile) -> Result<String, String> {
    let variable = |name: &str| settings.environment.get(name).filter(|v| !v.trim().is_empty()).cloned();
    let region = match variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")) {
        Some(region) => region,
        None => profile.region()?.unwrap_or_else(|| REGION.to_owned()),
    };
    stackql_call::region(&region).map(|()| region).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
