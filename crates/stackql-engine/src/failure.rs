//! The one error type at the engine's rim.

use datafusion::error::DataFusionError;

/// Why a statement failed, for a person and for an exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Who can do something about it.
    pub kind: FailureKind,
    /// What happened, on which resource: one line, no trailing period, no secret.
    pub message: String,
    /// What to do, a line each.
    pub hints: Vec<String>,
}

/// Who can do something about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The statement is wrong.
    User,
    /// Credentials are missing or refused.
    Auth,
    /// The provider refused or could not be reached.
    Api,
    /// A limit was reached.
    Limit,
    /// A bug of ours.
    Internal,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        Self { kind: FailureKind::Internal, message: error.strip_backtrace(), hints: Vec::new() }
    }
}
