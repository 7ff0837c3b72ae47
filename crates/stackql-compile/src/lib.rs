//! Source documents to the compiled form; all checks on definitions.
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

/// The providers whose vendors publish models that are read here.
pub const VENDORS: &[&str] = &["aws"];

/// The hand choices for the models of AWS.
pub const AWS_OVERLAY: &str = include_str!("../../../providers/aws/overlays/aws.yaml");

/// Compiles the models that the vendor of `provider` publishes, with the hand choices kept for them: the services
/// named, or all. `facts_only` leaves the vendor's sentences out.
///
/// # Errors
///
/// [`Error::Vendor`] if `provider` is none of [`VENDORS`]; else what is wrong with a file.
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
    /// A provider whose vendor's models are not read.
    #[error("'{provider}' has no models that can be read; those of {} can", VENDORS.join(", "))]
    Vendor {
        /// The provider.
        provider: String,
    },
    /// A service that the models do not have.
    #[error("{models} has no service '{name}'{}", did_you_mean(.suggestion.as_deref()))]
    Service {
        /// The folder of the models.
        models: String,
        /// The service.
        name: String,
        /// What it has that is spelled much like it.
        suggestion: Option<String>,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {reason}; name a folder laid out as <service>/<version>/service-2.json")]
    Read {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A file is not what it should be.
    #[error("{path} is not valid: {reason}; obtain it again from its source")]
    Invalid {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}
