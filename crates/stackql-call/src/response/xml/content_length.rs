//! The length of an element's content, without parsing it, so that skipping an element costs no more than finding its end tag.

use memchr::{memchr, memchr2, memchr3};

/// The number of bytes before the end tag of the element whose content `bytes` begin with. `None` if tags alone do not show it:
/// with comments and the like, and in malformed content.
pub(super) fn content_length(bytes: &[u8]) -> Option<usize> {
    let mut open: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    loop {
        at += memchr2(b'<', b'&', &bytes[at..])?;
        if bytes[at] == b'&' {
            let end = at + 1 + memchr3(b';', b'<', b'&', &bytes[at + 1..])?;
            at = (bytes[end] == b';').then_some(end + 1)?;
            continue;
        }
        let tag = tag(&bytes[at + 1..])?;
        match tag.first()? {
            b'!' | b'?' => return None,
            b'/' => match open.pop() {
                None => return Some(at),
                Some(name) => (name == tag[1..].trim_ascii_end()).then_some(())?,
            },
            _ if tag.last() == Some(&b'/') => {}
            _ => open.push(name(tag)),
        }
        at += tag.len() + 2;
    }
}

/// The text of the tag that `bytes` begin with, up to its `>`.
fn tag(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        at += memchr3(b'>', b'"', b'\'', &bytes[at..])?;
        match bytes[at] {
            b'>' => return Some(&bytes[..at]),
            quote => at += memchr(quote, &bytes[at + 1..])? + 2,
        }
    }
}

fn name(tag: &[u8]) -> &[u8] {
    let end = tag.iter().position(|byte| byte.is_ascii_whitespace()).unwrap_or(tag.len());
    &tag[..end]
}
