//! API errors of the endpoint, in the format of the services.

use axum::http::StatusCode;

use crate::element::Element;

/// An API error: the service's error code with its HTTP status and message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl ApiError {
    /// A client error with status 400.
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::with(StatusCode::BAD_REQUEST, code, message)
    }

    /// An error with another status.
    pub(crate) fn with(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// An invalid parameter value.
    pub(crate) fn value(name: &str, value: &str, expected: &str) -> Self {
        Self::new("InvalidParameterValue", format!("Value ({value}) for parameter {name} is invalid. {expected}"))
    }

    /// The error in a simulated service's response; `None` if it contains none.
    pub(crate) fn from_response(status: u16, answer: &Element) -> Option<Self> {
        let error = answer.child("Error").or_else(|| answer.child("Errors")?.child("Error"))?;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Some(Self::with(status, error.text_of("Code"), error.text_of("Message")))
    }

    /// The error as XML. EC2 has a format of its own; the other services share one.
    pub(crate) fn element(&self, service: &str, request_id: &str) -> Element {
        let code = Element::leaf("Code", self.code.as_str());
        let message = Element::leaf("Message", self.message.as_str());
        match service {
            "ec2" => {
                let errors = Element::with_children("Errors", [Element::with_children("Error", [code, message])]);
                Element::with_children("Response", [errors, Element::leaf("RequestID", request_id)])
            }
            _ => {
                let sender = Element::leaf("Type", if self.status.is_server_error() { "Receiver" } else { "Sender" });
                let error = Element::with_children("Error", [sender, code, message]);
                Element::with_children("ErrorResponse", [error, Element::leaf("RequestId", request_id)])
            }
        }
    }
}
