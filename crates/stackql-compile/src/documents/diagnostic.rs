//! What is wrong with documents: where, what, and what to do about it.

use std::fmt;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLocation {
    /// The file, below the folder of all providers.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
}

/// Something wrong with a provider's documents. One says what is lost by it: a method, a resource, a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where.
    pub place: SourceLocation,
    /// What, a clause without a period.
    pub what: String,
    /// What to do, a clause without a period.
    pub advice: String,
}

impl Diagnostic {
    pub(crate) fn new(place: SourceLocation, what: &str, advice: &str) -> Self {
        Self { place, what: what.to_owned(), advice: advice.to_owned() }
    }
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.advice)
    }
}

impl std::error::Error for Diagnostic {}
