//! Rewrites a brace directly before an action, as in `[{{{- if .a}}`. Go's lexer takes the first two braces as the delimiter
//! and rejects the third; definitions contain such runs nonetheless and mean the last two.

/// A template in which an action of its own writes every such brace, with the mapping of offsets back to the source.
#[derive(Debug)]
pub(super) struct Braces {
    pub(super) text: String,
    /// The offsets in the text at which braces were rewritten.
    rewritten: Vec<usize>,
}

const WRITTEN: &str = r#"{{"{"}}"#;

impl Braces {
    pub(super) fn rewrite(source: &str) -> Self {
        let (mut text, mut rewritten) = (String::with_capacity(source.len()), Vec::new());
        let mut rest = source;
        while let Some(at) = rest.find("{{") {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            if rest.starts_with("{{{") {
                rewritten.push(text.len());
                text.push_str(WRITTEN);
                rest = &rest[1..];
            } else {
                let (action, after) = rest.split_at(action(rest));
                text.push_str(action);
                rest = after;
            }
        }
        text.push_str(rest);
        Self { text, rewritten }
    }

    /// The offset in the source for an offset in the rewritten text.
    pub(super) fn source_offset(&self, offset: usize) -> usize {
        let before = self.rewritten.iter().take_while(|at| **at < offset).count();
        // An offset within the inserted action maps to the brace.
        let within = match before.checked_sub(1) {
            Some(last) => (self.rewritten[last] + WRITTEN.len()).saturating_sub(offset),
            None => 0,
        };
        (offset + within).saturating_sub(before * (WRITTEN.len() - 1) + usize::from(within > 0))
    }
}

/// The length of the action at the start of `text` in bytes, or of all of `text` if the action does not end.
pub(super) fn action(text: &str) -> usize {
    let inside = text[2..].strip_prefix('-').unwrap_or(&text[2..]).trim_start();
    if inside.starts_with("/*") {
        return match text.find("*/").and_then(|comment| Some(comment + text[comment..].find("}}")?)) {
            Some(end) => end + 2,
            None => text.len(),
        };
    }
    let (mut quote, mut escaped) = (None, false);
    for (at, byte) in text.bytes().enumerate().skip(2) {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(b'"' | b'\'') if byte == b'\\' => escaped = true,
            Some(open) if open == byte => quote = None,
            Some(_) => {}
            None if matches!(byte, b'"' | b'\'' | b'`') => quote = Some(byte),
            None if text.as_bytes()[at..].starts_with(b"}}") => return at + 2,
            None => {}
        }
    }
    text.len()
}
