//! Inspects a body before it is parsed: its format by the first character, and web pages, which no API returns. Owns the
//! limits on untrusted input.

/// The maximum nesting depth of a body.
pub(crate) const MAX_DEPTH: usize = 100;

/// Why a body cannot be parsed, with the byte position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ParseError {
    pub(crate) at: u64,
    pub(crate) reason: String,
}

/// The reason for rejecting a web page.
pub(crate) const WEB_PAGE: &str = "it is a web page of a proxy or a wrong endpoint";

/// The body as text. A web page is rejected, even a well-formed one: it comes from an intermediary and not from the API, and
/// would decode as a response without rows.
pub(crate) fn text(body: &[u8]) -> Result<&str, ParseError> {
    let text = utf8(body)?;
    match is_web_page(text) {
        true => Err(ParseError { at: 0, reason: WEB_PAGE.to_owned() }),
        false => Ok(text),
    }
}

pub(crate) fn utf8(body: &[u8]) -> Result<&str, ParseError> {
    let reason = || "not UTF-8 text".to_owned();
    std::str::from_utf8(body).map_err(|e| ParseError { at: e.valid_up_to() as u64, reason: reason() })
}

pub(crate) fn is_web_page(text: &str) -> bool {
    starts_with_any(text, "<!DOCTYPE html") || starts_with_any(text, "<html")
}

/// Whether the text, after a byte order mark and white space, begins with `with`, compared case-insensitively.
pub(crate) fn starts_with_any(text: &str, with: &str) -> bool {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    start.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// The body without a leading byte order mark.
pub(crate) fn strip_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// The format of a body.
pub(crate) enum SniffedFormat {
    Json,
    Xml,
    Other,
}

/// Detects the format by the first character, whatever the content type.
pub(crate) fn sniff(body: &[u8]) -> SniffedFormat {
    match strip_bom(body).trim_ascii_start().first() {
        Some(b'{' | b'[') => SniffedFormat::Json,
        Some(b'<') => SniffedFormat::Xml,
        _ => SniffedFormat::Other,
    }
}
