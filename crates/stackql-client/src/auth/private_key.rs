//! RSA private keys: parses PEM of PKCS#8, optionally encrypted, or of PKCS#1, and signs messages. Parses no certificates.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use pkcs8::EncryptedPrivateKeyInfo;
use secrecy::{ExposeSecret, SecretString};

/// A private key for signatures. Debug prints nothing of it.
pub(super) struct PrivateKey(KeyPair);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

impl PrivateKey {
    /// Parses a key in PEM. The error describes what is wrong with the text and contains nothing of it.
    pub(super) fn parse(text: &SecretString, passphrase: Option<&SecretString>) -> Result<Self, String> {
        // In variables and in JSON, line breaks are often escaped as `\n`.
        let lines = text.expose_secret().replace("\\n", "\n");
        let block = pem::parse(lines).map_err(|_| "is no PEM text; it begins with -----BEGIN PRIVATE KEY-----")?;
        let refused = |_| "is no RSA key that can sign; give one of 2048 bits or more";
        let key = match block.tag() {
            "PRIVATE KEY" => KeyPair::from_pkcs8(block.contents()).map_err(refused)?,
            "RSA PRIVATE KEY" if block.headers().get("DEK-Info").is_some() => {
                return Err(
                    "is encrypted in OpenSSL's old way; write it anew with: openssl pkcs8 -topk8 -in OLD -out NEW"
                        .to_owned(),
                );
            }
            "RSA PRIVATE KEY" => KeyPair::from_der(block.contents()).map_err(refused)?,
            "ENCRYPTED PRIVATE KEY" => {
                let Some(passphrase) = passphrase else { return Err("is encrypted; give its passphrase".to_owned()) };
                let sealed = EncryptedPrivateKeyInfo::try_from(block.contents()).map_err(
                    |_| "is encrypted in a way that is not read; write it anew with openssl pkcs8 -topk8 -v2 aes256",
                )?;
                let open = sealed
                    .decrypt(passphrase.expose_secret())
                    .map_err(|_| "does not open with this passphrase by PBES2 and AES")?;
                KeyPair::from_pkcs8(open.as_bytes()).map_err(refused)?
            }
            other => return Err(format!("is of the kind {other}; give an RSA PRIVATE KEY")),
        };
        Ok(Self(key))
    }

    /// The signature of `message` by RSASSA-PKCS1-v1_5 with SHA-256.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| "the key cannot sign".to_owned())
    }
}

#[cfg(test)]
mod tests;
