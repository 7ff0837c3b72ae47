//! Endpoint resolution: the URL template of a service at a scope, and the scope that its requests are signed for. Called by the
//! client for each request; reads no files.

use stackql_provider::{Endpoints, Partition};

use crate::Settings;
use crate::credentials::profile::Profile;

/// A resolved endpoint: its URL template, and the scope to sign for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) url: String,
    /// The template that `url`, which the user configured, replaces.
    pub(crate) replaced: Option<String>,
    pub(crate) signing_scope: String,
}

/// Resolves the endpoint of a service at `scope`: an override by the settings or the `profile`, else the operation's `own` URL,
/// else the host that the partition lists for the scope, else the partition's template. `profile` is given only if profiles
/// apply to the service.
///
/// # Errors
///
/// There is no endpoint for this scope and variant, or the profile has an invalid setting.
pub(crate) fn target(
    settings: &Settings,
    profile: Option<&Profile>,
    endpoints: &Endpoints,
    scope: Option<&str>,
    own: Option<&str>,
) -> Result<Target, String> {
    let scope = scope.unwrap_or_default();
    let overridden = match (&settings.endpoint_url, profile) {
        (Some(url), _) => Some(url.clone()),
        (None, Some(profile)) => profile.endpoint_url(&endpoints.override_id)?,
        (None, None) => None,
    };
    let variant = profile.map(Profile::variant).transpose()?.unwrap_or_default();
    let partition = partition(endpoints, scope);
    let host = partition.and_then(|p| p.hosts.iter().find(|h| h.member == scope && h.variant == variant));
    let signing_scope = host.and_then(|h| h.signing_scope.as_deref()).unwrap_or(scope).to_owned();
    let template = partition.and_then(|p| p.templates.iter().find(|(v, _)| *v == variant));
    let usual = own.or(host.map(|host| host.url.as_str())).map(str::to_owned);
    let usual = usual.or_else(|| template.map(|(_, template)| endpoints.named(template).into_owned()));
    match (overridden, usual) {
        (Some(url), replaced) => Ok(Target { url, replaced, signing_scope }),
        (None, Some(url)) => Ok(Target { url, replaced: None, signing_scope }),
        (None, None) => Err(format!(
            "service {} has no endpoint for '{scope}' with these FIPS and dual-stack settings; set an endpoint URL or change the settings",
            endpoints.override_id
        )),
    }
}

/// The partition of `scope`: the one that lists it, else the first whose pattern matches, else the first.
fn partition<'a>(endpoints: &'a Endpoints, scope: &str) -> Option<&'a Partition> {
    let listed = endpoints.partitions.iter().find(|p| p.members.iter().any(|m| m == scope));
    let matched = || {
        endpoints
            .partitions
            .iter()
            .find(|p| regex::Regex::new(&p.pattern).is_ok_and(|r| !p.pattern.is_empty() && r.is_match(scope)))
    };
    listed.or_else(matched).or_else(|| endpoints.partitions.first())
}

#[cfg(test)]
mod tests;
