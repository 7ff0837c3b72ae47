//! Splits a script into statements at semicolons outside of quotes and comments, and detects incomplete scripts. It
//! recognizes the same quotes and comments as the tokenizer. An unclosed quote or comment extends to the end of the script.

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptStatement<'a> {
    /// Its text, without the semicolon, leading comments and surrounding white space. A leading hint is kept.
    pub text: &'a str,
    /// Byte offset of the text in the script.
    pub start: usize,
    /// Whether a semicolon terminates it.
    pub is_complete: bool,
}

/// Splits a script into its statements, in order. Empty statements are omitted.
pub fn split(script: &str) -> Vec<ScriptStatement<'_>> {
    scan(script).0
}

/// Whether the script ends within a statement or a comment, so that an interactive shell should read more lines.
pub fn is_incomplete(script: &str) -> bool {
    let (pieces, in_comment) = scan(script);
    in_comment || pieces.last().is_some_and(|piece| !piece.is_complete)
}

/// The statements, and whether the script ends in an unclosed comment.
fn scan(script: &str) -> (Vec<ScriptStatement<'_>>, bool) {
    let mut pieces = Vec::new();
    let mut in_comment = false;
    // Byte offset of the statement's first token, once it was read.
    let mut start = None;
    let mut at = 0;
    while let Some(c) = script[at..].chars().next() {
        let rest = &script[at..];
        let len = if rest.starts_with("--") {
            length(rest)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            // A hint in front of a statement is part of its text.
            if comment.starts_with('+') {
                start.get_or_insert(at);
            }
            in_comment = !comment.contains("*/");
            length(rest)
        } else if c == ';' {
            if let Some(start) = start.take() {
                pieces.push(ScriptStatement { text: script[start..at].trim_end(), start, is_complete: true });
            }
            1
        } else if c.is_whitespace() {
            c.len_utf8()
        } else {
            start.get_or_insert(at);
            token(rest, c)
        };
        at += len;
    }
    if let Some(start) = start {
        pieces.push(ScriptStatement { text: script[start..].trim_end(), start, is_complete: false });
    }
    (pieces, in_comment)
}

/// The length in bytes of the lexical element at the start of `rest`: a comment, a quoted text or name, a word, or a single
/// character; 0 if `rest` is empty. The content of comments and quotes is not SQL.
///
/// ```
/// assert_eq!(stackql_sql::length("'a; b' = c"), 6);
/// assert_eq!(stackql_sql::length("-- a\n1"), 4);
/// assert_eq!(stackql_sql::length("name, x"), 4);
/// ```
pub fn length(rest: &str) -> usize {
    match rest.chars().next() {
        Some('-') if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
        Some('/') if rest.starts_with("/*") => until(rest, 2, "*/"),
        Some(c) => token(rest, c),
        None => 0,
    }
}

/// The length in bytes of the token, or part of a token, at the start of `rest`, whose first character is `c`.
fn token(rest: &str, c: char) -> usize {
    match c {
        '\'' | '"' | '`' => until(rest, 1, c.encode_utf8(&mut [0; 4])),
        'e' | 'E' if rest[1..].starts_with('\'') => escaped(rest),
        '$' => match dollar_tag(rest) {
            Some(tag) => until(rest, tag.len(), tag),
            None => 1,
        },
        c if is_word(c) => rest.find(|c| !is_word(c) && c != '$').unwrap_or(rest.len()),
        c => c.len_utf8(),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of `rest` through the first `end` after `from`; all of `rest` if there is none. A doubled quote needs no
/// special case: it closes one quoted part and opens the next one.
fn until(rest: &str, from: usize, end: &str) -> usize {
    rest[from..].find(end).map_or(rest.len(), |i| from + i + end.len())
}

/// The length in bytes of an `E'…'` string, in which a backslash escapes the next character.
fn escaped(rest: &str) -> usize {
    let mut protected = false;
    for (i, c) in rest.char_indices().skip(2) {
        match c {
            _ if protected => protected = false,
            '\\' => protected = true,
            '\'' => return i + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The delimiter `$tag$` at the start of `rest`, if it opens a dollar-quoted string.
fn dollar_tag(rest: &str) -> Option<&str> {
    let end = rest[1..].find('$')? + 2;
    let name = &rest[1..end - 1];
    (name.chars().all(is_word) && !name.starts_with(|c: char| c.is_numeric())).then(|| &rest[..end])
}

#[cfg(test)]
mod tests;
