//! Signature verification: the credential scope of a request, and whether its signature is valid. The secret of every
//! access key is [`SECRET`].

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::api_error::ApiError;
use crate::form::Form;

/// The secret access key of every access key.
pub(crate) const SECRET: &str = "test";

/// Maximum difference between the caller's clock and ours.
const LARGEST_SKEW: TimeDelta = TimeDelta::minutes(5);

/// The caller, with the region and service of the credential scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Caller {
    /// The caller of a request, after its signature was verified.
    ///
    /// # Errors
    ///
    /// The signature is missing, expired or invalid.
    pub(crate) fn verified(parts: &Parts, body: &[u8], now: DateTime<Utc>) -> Result<Self, ApiError> {
        let authorization = Authorization::from_headers(&parts.headers)?;
        authorization.verify(parts, body, now)?;
        Ok(authorization.caller())
    }

    /// The caller that a request claims to come from; the signature is not checked and may be missing.
    pub(crate) fn claimed(parts: &Parts, form: &Form) -> Self {
        match Authorization::from_headers(&parts.headers) {
            Ok(authorization) => authorization.caller(),
            Err(_) => Self {
                access_key: "test".to_owned(),
                region: "us-east-1".to_owned(),
                service: if form.get("Version") == Some("2011-06-15") { "sts" } else { "ec2" }.to_owned(),
            },
        }
    }
}

/// The parsed `Authorization` header.
struct Authorization<'a> {
    access_key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn from_headers(headers: &'a HeaderMap) -> Result<Self, ApiError> {
        let missing = || {
            let message = "Request is missing Authentication Token; sign it with any access key and the secret 'test'";
            ApiError::with(StatusCode::FORBIDDEN, "MissingAuthenticationToken", message)
        };
        let text = headers.get(header::AUTHORIZATION).ok_or_else(missing)?.to_str().unwrap_or_default();
        let incomplete = || ApiError::new("IncompleteSignature", "The Authorization header is no AWS4-HMAC-SHA256 one");
        let fields = text.strip_prefix("AWS4-HMAC-SHA256").ok_or_else(incomplete)?;
        let field = |name: &str| {
            let mut named = fields.split([',', ' ']).filter_map(|f| f.trim().split_once('='));
            named.find(|(n, _)| *n == name).map(|(_, value)| value).ok_or_else(incomplete)
        };
        let scope: Vec<&str> = field("Credential")?.rsplitn(5, '/').collect();
        let ["aws4_request", service, region, date, access_key] = scope[..] else { return Err(incomplete()) };
        let signed_headers = field("SignedHeaders")?.split(';').collect();
        Ok(Self { access_key, date, region, service, signed_headers, signature: field("Signature")? })
    }

    fn caller(&self) -> Caller {
        let owned = str::to_owned;
        Caller { access_key: owned(self.access_key), region: owned(self.region), service: owned(self.service) }
    }

    /// Computes the signature of the received request and compares it.
    fn verify(&self, parts: &Parts, body: &[u8], now: DateTime<Utc>) -> Result<(), ApiError> {
        let text = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok());
        let incomplete = |message: String| ApiError::new("IncompleteSignature", message);
        let date = text("x-amz-date").ok_or_else(|| incomplete("The request has no X-Amz-Date header".to_owned()))?;
        let time = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ")
            .map_err(|_| incomplete(format!("'{date}' in the X-Amz-Date header is no time")))?
            .and_utc();
        if (now - time).abs() > LARGEST_SKEW {
            let message = format!("Request has expired: it was signed at {time}, and it is {now}");
            return Err(ApiError::new("RequestExpired", message));
        }
        let host = text("host").filter(|_| self.signed_headers.contains(&"host"));
        let host = host.ok_or_else(|| incomplete("The host header is not signed".to_owned()))?;
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        let body = match text("x-amz-content-sha256") {
            Some("UNSIGNED-PAYLOAD") => SignableBody::UnsignedPayload,
            _ => SignableBody::Bytes(body),
        };
        let signed = parts.headers.iter().filter(|(name, _)| self.signed_headers.contains(&name.as_str()));
        let signed = signed.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let request = SignableRequest::new(parts.method.as_str(), format!("http://{host}{path}"), signed, body)
            .map_err(|e| incomplete(e.to_string()))?;
        let right = self.signature_of(request, time.into()).map_err(incomplete)?;
        if right == self.signature && date.starts_with(self.date) {
            return Ok(());
        }
        let message = "The request signature we calculated does not match the signature you provided. \
                       The secret access key of this sandbox is 'test' for every access key.";
        Err(ApiError::with(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message))
    }

    fn signature_of(&self, request: SignableRequest<'_>, time: SystemTime) -> Result<String, String> {
        let identity = Credentials::from_keys(self.access_key, SECRET, None).into();
        // The signed headers are those that the caller chose; they were selected before.
        let mut settings = SigningSettings::default();
        settings.excluded_headers = None;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(time)
            .settings(settings)
            .build()
            .map_err(|e| e.to_string())?
            .into();
        let (_, signature) = sign(request, &parameters).map_err(|e| e.to_string())?.into_parts();
        Ok(signature)
    }
}

#[cfg(test)]
mod tests;
