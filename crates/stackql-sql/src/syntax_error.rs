//! [`SyntaxError`]: why and where a text is not a valid statement.

use std::fmt;

use thiserror::Error;
use unicode_width::UnicodeWidthChar;

/// Maximum number of characters of a line that are shown before and after the error position.
const SHOWN: usize = 60;

/// Why a text is not a valid statement. It displays as one line; [`Self::with_caret`] shows the position in the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct SyntaxError {
    /// What is wrong, as a clause without a period.
    pub message: String,
    /// Byte offset of the error in the text.
    pub position: usize,
    /// The line number, from 1.
    pub line: usize,
    /// The column number, in characters from 1.
    pub column: usize,
    /// The token at the position; `None` at the end of the text, and for errors of the tokenizer.
    pub near: Option<String>,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, line, column, .. } = self;
        write!(f, "syntax error at line {line}, column {column}")?;
        match &self.near {
            Some(near) => write!(f, " near '{near}': {message}"),
            None => write!(f, ", at the end: {message}"),
        }
    }
}

impl SyntaxError {
    /// Creates an error at a byte offset of `text`.
    pub(crate) fn at(text: &str, position: usize, near: Option<String>, message: impl Into<String>) -> Self {
        let before = &text[..text.floor_char_boundary(position)];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Self {
            message: message.into(),
            position: before.len(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            near,
        }
    }

    /// The line of `text` with the error, and a second line with a caret under its position. A long line is shortened to the
    /// vicinity of the error. `text` must be the text that was parsed.
    pub fn with_caret(&self, text: &str) -> String {
        let line: Vec<char> = text.lines().nth(self.line - 1).unwrap_or_default().chars().collect();
        let place = (self.column - 1).min(line.len());
        let (from, to) = (place.saturating_sub(SHOWN), line.len().min(place + SHOWN));
        let cut = |is_cut: bool| if is_cut { "…" } else { "" };
        let shown: String = line[from..to].iter().collect();
        // The indentation has the display width of the characters above it; tabs stay tabs.
        let blank = |c: &char| if *c == '\t' { "\t".to_owned() } else { " ".repeat(c.width().unwrap_or(1)) };
        let indent: String = line[from..place].iter().map(blank).collect();
        let (front, back) = (cut(from > 0), cut(to < line.len()));
        format!("{front}{shown}{back}\n{}{indent}^", " ".repeat(front.chars().count()))
    }
}
