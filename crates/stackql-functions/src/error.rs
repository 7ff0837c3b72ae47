//! Errors of functions.

/// What is wrong with an argument or a result. The caller adds the name of the function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that should be JSON is not well-formed.
    #[error("malformed JSON: {0}")]
    MalformedJson(String),
    /// JSON is nested more deeply than the limit, which is the value.
    #[error("JSON is nested more than {0} levels deep")]
    TooDeep(usize),
    /// A text is not a JSON path.
    #[error("bad JSON path: '{0}'; paths are like $.name[0]")]
    BadPath(String),
    /// A JSON value has another kind than the function takes.
    #[error("expected {wanted}, not {found}")]
    WrongKind {
        /// The kind that the function takes.
        wanted: &'static str,
        /// The kind of the argument.
        found: &'static str,
    },
    /// The arguments violate a rule of the function, such as that paths and values come in pairs; the value is the message.
    #[error("{0}")]
    Arguments(&'static str),
    /// An integer result exceeds 64 bits; the value is the expression.
    #[error("integer overflow: {0}; cast to DOUBLE")]
    Overflow(String),
    /// An integer result that a float cannot represent exactly; the value is the expression.
    #[error("{0} has more digits than are kept of texts; cast both to BIGINT")]
    Inexact(String),
    /// A text is not a regular expression; the value is the reason.
    #[error("bad regular expression: {0}")]
    BadPattern(String),
    /// A result is larger than the limit in bytes, which is the value.
    #[error("the result would be longer than {0} bytes")]
    TooLong(usize),
}
