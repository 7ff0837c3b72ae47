//! What the endpoint refuses, as the services word it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A refusal: an error code of EC2 with its status and message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    /// A refusal that is the fault of the caller.
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::with(StatusCode::BAD_REQUEST, code, message)
    }

    /// A refusal with a status of its own.
    pub(crate) fn with(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// The answer to a request with this id.
    pub(crate) fn answer(&self, request_id: &str) -> Response {
        let (code, message) = (escaped(&self.code), escaped(&self.message));
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
        );
        (self.status, [(header::CONTENT_TYPE, "text/xml;charset=UTF-8")], body).into_response()
    }
}

fn escaped(text: &str) -> std::borrow::Cow<'_, str> {
    quick_xml::escape::escape(text)
}
