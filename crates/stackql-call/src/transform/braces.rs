//! A brace right before an action, as in `[{{{- if .a}}`. Go's lexer takes the first two braces of such a run as the
//! action's and refuses the third; documents have them nonetheless and mean the last two. Owns only that.

/// A template in which every such brace is written by an action of its own, and how positions in it lead back.
#[derive(Debug)]
pub(super) struct Braces {
    pub(super) text: String,
    /// Where in the text braces were rewritten.
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

    /// The offset in the source of an offset in the text.
    pub(super) fn source_offset(&self, offset: usize) -> usize {
        let before = self.rewritten.iter().take_while(|at| **at < offset).count();
        // Within what was written for a brace, it is the brace.
        let within = match before.checked_sub(1) {
            Some(last) => (self.rewritten[last] + WRITTEN.len()).saturating_sub(offset),
            None => 0,
        };
        (offset + within).saturating_sub(before * (WRITTEN.len() - 1) + usize::from(within > 0))
    }
}

/// The length of the action at the start of `text`, or of all of it if the action does not end.
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
