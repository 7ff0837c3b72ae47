//! Endpoints of a service: URL templates by partition and variant, selected by the value of a scope.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The endpoints of a service, by partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The name of this service in endpoint overrides of the user's profile: suffix of an environment variable, or key of a
    /// configuration file. Empty if profiles do not apply to the service.
    pub override_id: String,
    /// The scope that selects the endpoint, such as `region`.
    pub scope: Option<String>,
    /// The partitions. The partition of a scope value is the first one that lists it as a member, else the first one whose
    /// pattern matches it, else the first of all.
    pub partitions: Vec<Partition>,
    /// Variables of the host name that become the first path segment if the user's endpoint URL does not contain them
    /// (path-style addressing).
    #[serde(default)]
    pub path_style: Vec<String>,
}

impl Endpoints {
    /// The template with the placeholder `{scope}` replaced by one with the scope's name, such as `{region}`.
    pub fn named<'t>(&self, template: &'t str) -> Cow<'t, str> {
        match &self.scope {
            Some(name) if template.contains("{scope}") => template.replace("{scope}", &format!("{{{name}}}")).into(),
            _ => template.into(),
        }
    }
}

/// A partition: a group of scope members, such as regions, whose endpoints follow the same templates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// The name of the partition.
    pub name: String,
    /// A regular expression that the names of its members match; empty matches none.
    pub pattern: String,
    /// The known members.
    pub members: Vec<String>,
    /// URL templates by variant; the placeholder `{scope}` stands for the scope's value.
    pub templates: Vec<(Variant, String)>,
    /// Members whose endpoint follows no template.
    pub hosts: Vec<Host>,
}

/// The endpoint variant: which of a service's parallel endpoints is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Variant {
    /// The endpoint uses cryptography validated to FIPS 140.
    pub fips: bool,
    /// The endpoint is reachable by IPv4 and IPv6.
    pub dual_stack: bool,
}

/// The endpoint of one scope member that follows no template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The scope member.
    pub member: String,
    /// The variant of the endpoint.
    pub variant: Variant,
    /// The URL of the endpoint.
    pub url: String,
    /// The scope value that requests are signed for, if it differs from [`Self::member`].
    pub signing_scope: Option<String>,
}
