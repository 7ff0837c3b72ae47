//! Request signing for Oracle Cloud: HTTP signatures of draft-cavage with an RSA key. Owns the list of signed headers; the
//! key and its id come from [`identity`].

pub(super) mod identity;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST};
use http::{HeaderValue, Method, Request};

use self::identity::OciSigner;

const DIGEST: &str = "x-content-sha256";
const TARGET: &str = "(request-target)";

impl OciSigner {
    /// Signs `request`: adds its date, the length, type and digest of its body if the method has one, and the signature.
    pub(super) fn sign(&self, request: &mut Request<Bytes>, time: std::time::SystemTime) -> Result<(), String> {
        let with_body = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
        let digest = STANDARD.encode(digest(&SHA256, request.body()).as_ref());
        let length = request.body().len();
        let headers = request.headers_mut();
        headers.insert(DATE, value(&httpdate::fmt_http_date(time))?);
        let mut signed = vec![DATE.as_str(), TARGET, HOST.as_str()];
        if with_body {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            headers.insert(DIGEST, value(&digest)?);
            signed.extend([CONTENT_LENGTH.as_str(), CONTENT_TYPE.as_str(), DIGEST]);
        }
        let text = signed_text(&signed, request)?;
        let signature = STANDARD.encode(self.key.sign(text.as_bytes())?);
        let authorisation = format!(
            "Signature version=\"1\",keyId=\"{}\",algorithm=\"rsa-sha256\",headers=\"{}\",signature=\"{signature}\"",
            self.key_id(),
            signed.join(" "),
        );
        let mut authorisation = value(&authorisation)?;
        authorisation.set_sensitive(true);
        request.headers_mut().insert(http::header::AUTHORIZATION, authorisation);
        Ok(())
    }
}

/// The text that is signed: one line per header name.
fn signed_text(names: &[&str], request: &Request<Bytes>) -> Result<String, String> {
    let line = |name: &&str| match *name {
        TARGET => {
            let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
            Ok(format!("{TARGET}: {} {target}", request.method().as_str().to_lowercase()))
        }
        name => {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(|value| format!("{name}: {value}")).ok_or_else(|| format!("the header {name} cannot be signed"))
        }
    };
    Ok(names.iter().map(line).collect::<Result<Vec<_>, _>>()?.join("\n"))
}

fn value(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| "an identifier has characters that no header can carry".to_owned())
}

#[cfg(test)]
mod tests;
