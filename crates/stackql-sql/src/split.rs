//! Cuts a script into statements at semicolons, outside quotes and comments.

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its text, without the semicolon, comments in front, or blanks around it.
    pub text: &'a str,
    /// Where it starts in the script, in bytes.
    pub start: usize,
    /// Whether a semicolon ended it; the shell waits for one.
    pub ended: bool,
}

/// The statements of a script, in order; empty ones are left out.
pub fn split(script: &str) -> Vec<Piece<'_>> {
    let _ = script;
    Vec::new()
}
