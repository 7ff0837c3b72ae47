use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use pkcs8::PrivateKeyInfo;
use pkcs8::pkcs5::pbes2::Parameters;

use super::*;
use crate::world::{KEY, armoured, pem};

fn pkcs8() -> Vec<u8> {
    let der: Pkcs8V1Der<'_> = KEY.as_der().unwrap();
    der.as_ref().to_vec()
}

fn parsed(text: &str, passphrase: Option<&str>) -> Result<PrivateKey, String> {
    PrivateKey::parse(&text.to_owned().into(), passphrase.map(|p| p.to_owned().into()).as_ref())
}

fn signs(text: &str, passphrase: Option<&str>) {
    let key = parsed(text, passphrase).unwrap();
    let signature = key.sign(b"message").unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, KEY.public_key()).verify(b"message", &signature).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey");
}

#[test]
fn keys_are_read_in_every_form_that_vendors_write() {
    let der = pkcs8();
    let info = PrivateKeyInfo::try_from(der.as_slice()).unwrap();
    signs(&pem(), None);
    signs(&pem().replace('\n', "\\n"), None);
    signs(&format!("{}OCI_API_KEY\n", pem()), None);
    signs(&armoured("RSA PRIVATE KEY", info.private_key), None);
    let way = Parameters::pbkdf2_sha256_aes256cbc(1000, b"12345678", &[7; 16]).unwrap();
    let sealed = info.encrypt_with_params(way, "hush").unwrap();
    let sealed = armoured("ENCRYPTED PRIVATE KEY", sealed.as_bytes());
    signs(&sealed, Some("hush"));
    let wrong = |text: &str, passphrase| parsed(text, passphrase).unwrap_err();
    assert_eq!(wrong(&sealed, None), "is encrypted; give its passphrase");
    assert_eq!(wrong(&sealed, Some("other")), "does not open with this passphrase by PBES2 and AES");
}

#[test]
fn what_is_no_such_key_is_told_without_showing_it() {
    for (text, why) in [
        ("hush", "is no PEM text"),
        (armoured("PRIVATE KEY", b"hush-hush").as_str(), "is no RSA key"),
        (armoured("EC PRIVATE KEY", b"hush-hush").as_str(), "is of the kind EC PRIVATE KEY"),
        (
            &pem().replace("PRIVATE", "RSA PRIVATE").replacen(
                "-----\n",
                "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n",
                1,
            ),
            "is encrypted in OpenSSL's old way",
        ),
    ] {
        let said = parsed(text, None).unwrap_err();
        assert!(said.starts_with(why) && !said.contains("hush"), "{said}");
    }
}
