//! Signs a request with AWS Signature Version 4. Pure: the time is an argument.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue};
use stackql_call::Request;

use crate::credentials::sources::REGION;

/// The request parameter that names the signing region of a service without regional endpoints.
const PARAMETER: &str = "region";

/// The parameters of a signature: credentials, region, signing name of the service, and time.
#[derive(Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) region: &'a str,
    pub(crate) name: &'a str,
    pub(crate) time: SystemTime,
}

/// The region that a request is signed for: its scope, else its parameter `region` in query, headers or URL, else [`REGION`].
pub(crate) fn signing_region<'r>(request: &'r Request, scope: &'r str) -> &'r str {
    let mut pairs = request.query.iter().chain(&request.headers).chain(&request.server_variables);
    let said = || pairs.find(|(name, _)| name == PARAMETER).map(|(_, value)| value.as_str());
    Some(scope).filter(|scope| !scope.is_empty()).or_else(said).unwrap_or(REGION)
}

impl Signer<'_> {
    /// Signs `request`: adds the headers of the signature.
    pub(crate) fn sign(&self, request: &mut http::Request<bytes::Bytes>) -> Result<(), String> {
        let failed = |e: &dyn std::fmt::Display| format!("cannot sign the request: {e}");
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.name)
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .map_err(|e| failed(&e))?
            .into();
        let uri = request.uri().to_string();
        let header = |(name, value): (&'_ HeaderName, &'_ HeaderValue)| match value.to_str() {
            Ok(_) => Ok(()),
            Err(_) => Err(failed(&format_args!("the header {name} has characters that no signature covers"))),
        };
        request.headers().iter().try_for_each(header)?;
        self.fits_headers()?;
        let headers = request.headers().iter().filter_map(|(n, v)| Some((n.as_str(), v.to_str().ok()?)));
        let signable =
            SignableRequest::new(request.method().as_str(), uri, headers, SignableBody::Bytes(request.body()))
                .map_err(|e| failed(&e))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|e| failed(&e))?.into_parts();
        // Adds the headers here instead of by the signer's own method, which assumes that all values are valid in headers.
        let (headers, _) = instructions.into_parts();
        for header in headers {
            let unfit = |_| failed(&format_args!("its header {} would have a line break", header.name()));
            let mut value = HeaderValue::from_str(header.value()).map_err(unfit)?;
            value.set_sensitive(header.sensitive());
            request.headers_mut().insert(header.name(), value);
        }
        Ok(())
    }

    /// Checks that the values of the signer that become headers have only characters that are valid there.
    fn fits_headers(&self) -> Result<(), String> {
        let keys = [
            ("access key id", Some(self.credentials.access_key_id())),
            ("session token", self.credentials.session_token()),
            ("region", Some(self.region)),
            ("service's name", Some(self.name)),
        ];
        let unfit = keys.into_iter().find(|(_, value)| value.is_some_and(|value| !is_visible(value)));
        match unfit {
            None => Ok(()),
            Some((what, _)) => Err(format!(
                "cannot sign the request: the {what} has characters that no header can carry; is there a line break in it?"
            )),
        }
    }
}

/// Whether a text consists of printable ASCII characters, which are valid in every header.
pub(crate) fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

#[cfg(test)]
mod tests;
