//! Diagnostics about documents: location, problem and advice.

use std::fmt;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLocation {
    /// The file, relative to the root of all providers.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
}

/// A problem in a provider's documents. Each costs a method, a resource or a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where the problem is.
    pub place: SourceLocation,
    /// The problem, a clause without a period.
    pub what: String,
    /// How to fix it, a clause without a period.
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
