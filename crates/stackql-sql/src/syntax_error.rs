//! Why a text is not a statement, and where.

use std::fmt;

use thiserror::Error;
use unicode_width::UnicodeWidthChar;

/// How many characters of a long line are shown in front of the mistake, and behind it.
const SHOWN: usize = 60;

/// Why a text is not a statement. Displays as one line; [`Self::marked`] shows the place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct SyntaxError {
    /// What is wrong: a clause without a period.
    pub message: String,
    /// Where, in bytes from the start of the text.
    pub position: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What stands there; `None` at the end of the text.
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
    /// An error at a byte of `text`.
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

    /// The line of `text` with the mistake, and below it a caret under the place. Of a long line, what is near the
    /// mistake. `text` is what was parsed.
    pub fn with_caret(&self, text: &str) -> String {
        let line: Vec<char> = text.lines().nth(self.line - 1).unwrap_or_default().chars().collect();
        let place = (self.column - 1).min(line.len());
        let (from, to) = (place.saturating_sub(SHOWN), line.len().min(place + SHOWN));
        let cut = |is_cut: bool| if is_cut { "…" } else { "" };
        let shown: String = line[from..to].iter().collect();
        // What is wide in the line is as wide below it.
        let blank = |c: &char| if *c == '\t' { "\t".to_owned() } else { " ".repeat(c.width().unwrap_or(1)) };
        let indent: String = line[from..place].iter().map(blank).collect();
        let (front, back) = (cut(from > 0), cut(to < line.len()));
        format!("{front}{shown}{back}\n{}{indent}^", " ".repeat(front.chars().count()))
    }
}
