//! Fingerprints: digests that distinguish texts without revealing them. Used for cache keys and caller identities.

use aws_lc_rs::digest::{Context, SHA256};

/// The SHA-256 digest of a list of texts, in hexadecimal. Each text is prefixed with its length, so lists that differ only in
/// where the texts are divided have different digests.
pub(crate) fn fingerprint<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> String {
    let mut digest = Context::new(&SHA256);
    for word in words {
        let word = word.as_ref();
        digest.update(&(word.len() as u64).to_le_bytes());
        digest.update(word);
    }
    hex::encode(digest.finish())
}
