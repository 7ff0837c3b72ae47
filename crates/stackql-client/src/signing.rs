//! Signs a request with AWS Signature Version 4. Pure: the time is an argument.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

/// Whom and what a signature is for.
#[derive(Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) region: &'a str,
    pub(crate) name: &'a str,
    pub(crate) time: SystemTime,
}

impl Signer<'_> {
    /// Adds the signature's headers to `request`.
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
        let headers = request.headers().iter().filter_map(|(n, v)| Some((n.as_str(), v.to_str().ok()?)));
        let signable =
            SignableRequest::new(request.method().as_str(), uri, headers, SignableBody::Bytes(request.body()))
                .map_err(|e| failed(&e))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|e| failed(&e))?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}
