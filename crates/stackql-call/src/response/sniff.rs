//! Bodies before they are read as anything. Owns the limits on what is untrusted, and the pages that no API sends.

/// Values nested deeper than this are refused.
pub(crate) const MAX_DEPTH: usize = 100;

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ParseError {
    pub(crate) at: u64,
    pub(crate) reason: String,
}

/// What is said of a web page.
pub(crate) const WEB_PAGE: &str = "it is a web page of a proxy or a wrong endpoint";

/// The text of a body. A web page is none, even one that is well-formed: whoever stands between us and the API would
/// else answer with no rows.
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

/// Whether the text, past a byte order mark and white space, begins so, in whatever case.
pub(crate) fn starts_with_any(text: &str, with: &str) -> bool {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    start.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// A body without the byte order mark in front.
pub(crate) fn strip_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// How a body is written, by its first character.
pub(crate) enum SniffedFormat {
    Json,
    Xml,
    Other,
}

/// How a body is written, whatever it is said to be.
pub(crate) fn sniff(body: &[u8]) -> SniffedFormat {
    match strip_bom(body).trim_ascii_start().first() {
        Some(b'{' | b'[') => SniffedFormat::Json,
        Some(b'<') => SniffedFormat::Xml,
        _ => SniffedFormat::Other,
    }
}
