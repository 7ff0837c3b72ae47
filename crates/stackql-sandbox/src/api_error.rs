//! What the endpoint refuses, as the services word it.

use axum::http::StatusCode;

use crate::element::Element;

/// A refusal: an error code of EC2 with its status and message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl ApiError {
    /// A refusal that is the fault of the caller.
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::with(StatusCode::BAD_REQUEST, code, message)
    }

    /// A refusal with a status of its own.
    pub(crate) fn with(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// A value that a parameter must not have.
    pub(crate) fn value(name: &str, value: &str, expected: &str) -> Self {
        Self::new("InvalidParameterValue", format!("Value ({value}) for parameter {name} is invalid. {expected}"))
    }

    /// What a simulated service refused; nothing if it is no refusal.
    pub(crate) fn from_response(status: u16, answer: &Element) -> Option<Self> {
        let error = answer.child("Error").or_else(|| answer.child("Errors")?.child("Error"))?;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Some(Self::with(status, error.text_of("Code"), error.text_of("Message")))
    }

    /// The refusal as a service answers it. EC2 has a form of its own; the others share one.
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
