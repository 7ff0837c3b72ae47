//! Compiles source documents to the compiled form and checks definitions.
#![expect(clippy::disallowed_methods, reason = "this crate reads source documents from disk")]

mod aws;
mod document_provider;
mod documents;
mod endpoints;
mod facts;
mod manifest;
mod model;
mod naming;
mod overlay;
mod predicates;
mod rows;
mod secrets;
mod shapes;

use std::path::Path;

use stackql_provider::ProviderSource;
use stackql_provider::names::did_you_mean;
use thiserror::Error;

pub use aws::aws;
pub use document_provider::DocumentProvider;
pub use documents::{CompiledService, Coverage, Diagnostic, Documents, SourceLocation};
pub use facts::facts;
pub use manifest::Manifest;
pub use overlay::Overlays;

/// Providers whose vendor models can be compiled.
pub const VENDORS: &[&str] = &["aws"];

/// The overlay for the models of AWS.
pub const AWS_OVERLAY: &str = include_str!("../../../providers/aws/overlays/aws.yaml");

/// Compiles the models that the vendor of `provider` publishes, with the provider's overlay. `services` selects
/// services; an empty list selects all. `facts_only` omits the vendor's descriptions.
///
/// # Errors
///
/// [`Error::Vendor`] if `provider` is not in [`VENDORS`]; otherwise the error of a file or service.
pub fn vendor(provider: &str, models: &Path, services: &[String], facts_only: bool) -> Result<ProviderSource, Error> {
    match provider {
        "aws" => aws(models, services, AWS_OVERLAY, facts_only),
        other => Err(Error::Vendor { provider: other.to_owned() }),
    }
}

/// Why source documents cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// No vendor models of this provider are supported.
    #[error("'{provider}' has no models that can be read; those of {} can", VENDORS.join(", "))]
    Vendor {
        /// The provider.
        provider: String,
    },
    /// The models have no such service.
    #[error("{models} has no service '{name}'{}", did_you_mean(.suggestion.as_deref()))]
    Service {
        /// The directory of the models.
        models: String,
        /// The service.
        name: String,
        /// A service with a similar name.
        suggestion: Option<String>,
    },
    /// A file or directory cannot be read.
    #[error("cannot read {path}: {reason}; name a folder laid out as <service>/<version>/service-2.json")]
    Read {
        /// The file.
        path: String,
        /// The reason.
        reason: String,
    },
    /// A file has invalid content.
    #[error("{path} is not valid: {reason}; obtain it again from its source")]
    Invalid {
        /// The file.
        path: String,
        /// The reason.
        reason: String,
    },
}
