//! Why a function gives no result.

/// What is wrong with an argument. The caller says of which function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that should be JSON is not.
    #[error("malformed JSON: {0}")]
    MalformedJson(String),
    /// JSON in more levels than are read.
    #[error("JSON is nested more than {0} levels deep")]
    TooDeep(usize),
    /// Not a path into JSON.
    #[error("bad JSON path: '{0}'; paths are like $.name[0]")]
    BadPath(String),
    /// JSON of another kind than the function takes.
    #[error("expected {wanted}, not {found}")]
    WrongKind {
        /// What it takes.
        wanted: &'static str,
        /// What it was given.
        found: &'static str,
    },
    /// Paths and values, or keys and values, do not pair up.
    #[error("{0}")]
    Arguments(&'static str),
    /// A whole number beyond 64 bits.
    #[error("integer overflow: {0}; cast to DOUBLE")]
    Overflow(String),
    /// A whole number that a float would not hold.
    #[error("{0} has more digits than are kept of texts; cast both to BIGINT")]
    Inexact(String),
    /// Not a regular expression.
    #[error("bad regular expression: {0}")]
    BadPattern(String),
    /// A result that would take too much memory.
    #[error("the result would be longer than {0} bytes")]
    TooLong(usize),
}
