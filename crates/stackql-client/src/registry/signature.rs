//! Signatures of documents: verifies `<document>.sig`, which is the base64 of a time and an Ed25519 signature. Pure.
//!
//! The time has 15 bytes: a version, seconds since the year 1, nanoseconds and an offset, in Go's binary encoding. The
//! signature covers these bytes followed by the document.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use thiserror::Error;

/// The suffix of the name of a signature file.
pub(crate) const SUFFIX: &str = ".sig";
const TIME: usize = 15;
/// The DER prefix of a 32-byte Ed25519 key in PKIX form.
const PKIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a signature is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum SignatureError {
    /// It is not the base64 of a time and a signature.
    #[error("its signature is not base64 of a time and an Ed25519 signature")]
    Malformed,
    /// It belongs to another document or another key.
    #[error("its signature does not fit the document and the public key")]
    Wrong,
}

/// A trusted public key.
#[derive(Debug, Clone)]
pub(crate) struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Parses PEM, or the base64 of the 32 bytes, with or without the PKIX prefix.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits: String =
            text.lines().filter(|line| !line.starts_with("-----")).flat_map(str::split_whitespace).collect();
        let bytes = BASE64_STANDARD.decode(digits).ok()?;
        let key: &[u8; 32] = bytes.strip_prefix(&PKIX).unwrap_or(&bytes).try_into().ok()?;
        VerifyingKey::from_bytes(key).ok().map(Self)
    }

    /// Verifies a document against the text of its signature file.
    pub(crate) fn verify(&self, document: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let bytes = BASE64_STANDARD.decode(signature.trim_ascii()).map_err(|_| SignatureError::Malformed)?;
        let (time, signature) = bytes.split_at_checked(TIME).ok_or(SignatureError::Malformed)?;
        let signature = Signature::from_slice(signature).map_err(|_| SignatureError::Malformed)?;
        let signed = [time, document].concat();
        self.0.verify_strict(&signed, &signature).map_err(|_| SignatureError::Wrong)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    const TIME: [u8; 15] = [1, 0, 0, 0, 0x0e, 0xda, 0xa3, 0xba, 0xee, 0x2f, 0xda, 0x52, 8, 2, 0x58];

    /// A key of the tests, as a configuration writes it.
    pub(in crate::registry) fn public_key(seed: u8) -> String {
        BASE64_STANDARD.encode(SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes())
    }

    /// The text of a document's signature file.
    pub(in crate::registry) fn sign(seed: u8, document: &[u8]) -> String {
        let signature = SigningKey::from_bytes(&[seed; 32]).sign(&[&TIME[..], document].concat());
        BASE64_STANDARD.encode([&TIME[..], &signature.to_bytes()].concat())
    }

    #[test]
    fn a_signature_fits_one_document_and_one_key() {
        let key = PublicKey::parse(&public_key(1)).expect("a key");
        let signature = sign(1, b"document");
        assert_eq!(key.verify(b"document", signature.as_bytes()), Ok(()));
        assert_eq!(key.verify(b"document", format!("{signature}\n").as_bytes()), Ok(()));
        assert_eq!(key.verify(b"other", signature.as_bytes()), Err(SignatureError::Wrong));
        let other = PublicKey::parse(&public_key(2)).expect("a key");
        assert_eq!(other.verify(b"document", signature.as_bytes()), Err(SignatureError::Wrong));
    }

    #[test]
    fn the_time_is_signed_too() {
        let key = PublicKey::parse(&public_key(1)).expect("a key");
        let mut bytes = BASE64_STANDARD.decode(sign(1, b"document")).expect("base64");
        bytes[8] ^= 1;
        assert_eq!(key.verify(b"document", BASE64_STANDARD.encode(bytes).as_bytes()), Err(SignatureError::Wrong));
    }

    #[test]
    fn what_is_no_signature_is_told_apart() {
        let key = PublicKey::parse(&public_key(1)).expect("a key");
        for text in ["", "!", "AQAA", &BASE64_STANDARD.encode([0; 64])] {
            assert_eq!(key.verify(b"document", text.as_bytes()), Err(SignatureError::Malformed), "{text}");
        }
    }

    #[test]
    fn keys_are_base64_or_pem() {
        let raw = SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
        let pkix = BASE64_STANDARD.encode([&PKIX[..], &raw].concat());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{pkix}\n-----END PUBLIC KEY-----\n");
        for text in [pkix, pem, public_key(1)] {
            let key = PublicKey::parse(&text).expect("a key");
            assert_eq!(key.verify(b"d", sign(1, b"d").as_bytes()), Ok(()));
        }
        for text in ["", "hush", "AAAA"] {
            assert!(PublicKey::parse(text).is_none(), "{text}");
        }
    }
}
