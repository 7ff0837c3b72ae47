//! Where requests of a service go.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The endpoints of a service, by partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The environment variable, config key or flag suffix that names this service when a user overrides its address.
    pub override_id: String,
    /// The scope parameter that selects the endpoint, such as `region`.
    pub scope: Option<String>,
    /// The partitions; the first whose pattern or list takes the scope's value wins, else the first of all.
    pub partitions: Vec<Partition>,
    /// Variables of the host that the service takes as the first step of the path instead, at an address without them.
    #[serde(default)]
    pub path_style: Vec<String>,
}

impl Endpoints {
    /// A template with the scope's placeholder under the scope's name.
    pub fn named<'t>(&self, template: &'t str) -> Cow<'t, str> {
        match &self.scope {
            Some(name) if template.contains("{scope}") => template.replace("{scope}", &format!("{{{name}}}")).into(),
            _ => template.into(),
        }
    }
}

/// A group of places with the same host names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// Its name.
    pub name: String,
    /// A regular expression that the names of its places match.
    pub pattern: String,
    /// The places that are known.
    pub members: Vec<String>,
    /// URL templates by variant, with `{scope}` for the scope's value.
    pub templates: Vec<(Variant, String)>,
    /// Places whose address follows no template.
    pub hosts: Vec<Host>,
}

/// Which of a service's parallel endpoints is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Variant {
    /// Cryptography validated to FIPS 140.
    pub fips: bool,
    /// Reachable by IPv4 and IPv6.
    pub dual_stack: bool,
}

/// One place whose address follows no template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The place.
    pub member: String,
    /// The variant.
    pub variant: Variant,
    /// The URL.
    pub url: String,
    /// The place to sign for, where it is another.
    pub signing_scope: Option<String>,
}
