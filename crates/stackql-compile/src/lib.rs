//! Source documents to the compiled form; all checks on definitions.
#![expect(clippy::disallowed_methods, reason = "this crate reads source documents from disk")]

mod aws;
mod endpoints;
mod facts;
mod manifest;
mod model;
mod naming;
mod narrowing;
mod overlay;
mod rows;
mod shapes;

use thiserror::Error;

pub use aws::aws;
pub use facts::facts;
pub use manifest::Manifest;
pub use overlay::Overlays;

/// The hand choices of the provider that is built in.
pub const AWS_OVERLAY: &str = include_str!("../../../providers/aws/overlays/aws.yaml");

/// Why source documents cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
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
