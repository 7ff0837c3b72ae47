//! Which source of credentials serves a provider: its auth context, or the default chain. Owns the sources of one
//! client; not how each is asked.

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use crate::credentials::{Source, assumed, chain};
use crate::profile::Profile;
use crate::{AuthContext, Settings};

/// Keys sign each request.
pub(crate) const SIGNED: &str = "aws_signing_v4";
/// Keys ask for those of a role, which sign each request.
pub(crate) const ASSUMED: &str = "aws_assume_role";
const REGION: &str = "us-east-1";

/// The sources of one client.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    chain: Source,
    contexts: BTreeMap<String, Source>,
}

impl Sources {
    pub(crate) fn new(settings: &Settings) -> Self {
        let contexts = settings.auth.keys().map(|provider| (provider.clone(), Source::default())).collect();
        Self { chain: Source::default(), contexts }
    }

    /// The credentials for requests to `provider`.
    pub(crate) async fn credentials(
        &self,
        provider: &str,
        settings: &Settings,
        profile: &Profile,
    ) -> Result<Credentials, String> {
        let (Some(source), Some(context)) = (self.contexts.get(provider), settings.auth.get(provider)) else {
            let made = async { Ok(chain(&settings.environment, profile, region(settings, profile)).await) };
            return self.chain.credentials(made).await;
        };
        let named = async {
            let wrong = |m: String| format!("the auth context of provider {provider} {m}");
            let keys = context.keys(&settings.environment).map_err(wrong)?;
            let base = match keys {
                Some(keys) => SharedCredentialsProvider::new(keys),
                None => chain(&settings.environment, profile, region(settings, profile)).await,
            };
            match context.kind.as_str() {
                ASSUMED => role(context, base, settings, profile).await.map_err(wrong),
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
    profile: &Profile,
) -> Result<SharedCredentialsProvider, String> {
    let role = context.role(&settings.environment)?;
    let region = role.region.clone().unwrap_or_else(|| region(settings, profile));
    let endpoint = match role.endpoint.clone().or_else(|| settings.endpoint_url.clone()) {
        Some(url) => Some(url),
        None => profile.endpoint_url("STS")?,
    };
    Ok(assumed(role, base, profile, region, endpoint).await)
}

/// Where roles are asked for: the region of the environment, else of the profile.
fn region(settings: &Settings, profile: &Profile) -> String {
    let variable = |name: &str| settings.environment.get(name).filter(|v| !v.trim().is_empty()).cloned();
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).or_else(|| profile.region());
    region.unwrap_or_else(|| REGION.to_owned())
}

#[cfg(test)]
mod tests;
