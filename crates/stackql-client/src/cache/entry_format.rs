//! The file format of a cache entry: a line with the format version and a digest of the rest, a line of JSON, and the body.
//! Encodes and decodes [`CachedResponse`]; the files themselves belong to the disk cache.

use std::borrow::Cow;
use std::io;
use std::time::SystemTime;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use stackql_call::Response;

use super::entry::{CachedResponse, unsent};
use crate::digest::fingerprint;

const VERSION: &str = "stackql answer 1 ";

/// The JSON line: everything except the body.
#[derive(Serialize, Deserialize)]
struct Head<'a> {
    came: SystemTime,
    status: u16,
    headers: Cow<'a, [(String, String)]>,
    url: Cow<'a, str>,
    request_id: Option<Cow<'a, str>>,
}

/// Encodes a cache entry.
pub(crate) fn encode(kept: &CachedResponse) -> io::Result<Vec<u8>> {
    let Response { status, headers, body, attempts } = &kept.response;
    let attempt = attempts.last();
    let head = serde_json::to_vec(&Head {
        came: kept.received_at,
        status: *status,
        headers: headers.into(),
        url: attempt.map(|attempt| attempt.url.as_str()).unwrap_or_default().into(),
        request_id: attempt.and_then(|attempt| attempt.request_id.as_deref()).map(Into::into),
    })?;
    let first = format!("{VERSION}{}", fingerprint([head.as_slice(), body]));
    Ok([first.as_bytes(), b"\n", head.as_slice(), b"\n", body].concat())
}

/// Decodes a cache entry; `None` if it is damaged or of another format version.
pub(crate) fn decode_entry(file: &Bytes) -> Option<CachedResponse> {
    let (first, rest) = line(file)?;
    let (head, body) = line(&rest)?;
    let digest = first.strip_prefix(VERSION.as_bytes())?;
    if fingerprint([&head, &body]).as_bytes() != digest {
        return None;
    }
    let Head { came, status, headers, url, request_id } = serde_json::from_slice(&head).ok()?;
    let attempt = unsent(status, url.into_owned(), request_id.map(Cow::into_owned));
    let answer = Response { status, headers: headers.into_owned(), body, attempts: vec![attempt] };
    Some(CachedResponse { received_at: came, response: answer })
}

/// Splits off the first line.
fn line(of: &Bytes) -> Option<(Bytes, Bytes)> {
    let end = of.iter().position(|byte| *byte == b'\n')?;
    Some((of.slice(..end), of.slice(end + 1..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of earlier versions stay readable, and are encoded as they were.
    #[test]
    fn an_entry_of_an_earlier_version_is_read() {
        let file = Bytes::from_static(include_bytes!("../../testdata/cache/version_1.answer"));
        let entry = decode_entry(&file).expect("readable");
        assert_eq!(entry.response.status, 200);
        assert!(entry.response.body.starts_with(b"<?xml"), "{:?}", entry.response.body);
        assert_eq!(encode(&entry).expect("encoded"), file);
    }
}
