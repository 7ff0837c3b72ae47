//! SQL text to Statement.
