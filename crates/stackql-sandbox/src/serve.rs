//! The HTTP handler: identifies the caller, injects faults and writes responses.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;

use crate::account::Accounts;
use crate::api_error::ApiError;
use crate::element::Element;
use crate::fault::FaultKind;
use crate::fault::schedule::Schedule;
use crate::form::Form;
use crate::signature::Caller;
use crate::{Options, action, list};

/// Maximum size of a request body in bytes.
const LARGEST_BODY: usize = 4 << 20;

struct Endpoint {
    options: Options,
    accounts: Accounts,
    schedule: Schedule,
}

/// The router of an endpoint: a single handler for all paths and services.
pub(crate) fn router(options: Options) -> Router {
    let schedule = Schedule::new(options.throttle, options.faults.clone());
    let endpoint = Endpoint { options, accounts: Accounts::default(), schedule };
    Router::new().fallback(answer).with_state(Arc::new(endpoint))
}

async fn answer(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response {
    let request_id = request_id();
    tokio::time::sleep(endpoint.options.latency).await;
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST_BODY).await;
    let text = body.as_ref().map(|b| String::from_utf8_lossy(b)).unwrap_or_default();
    let form = Form::read([parts.uri.query().unwrap_or_default(), &text]);
    let claimed = Caller::claimed(&parts, &form);
    let refused = |refusal: ApiError| (refusal.status, refusal.element(&claimed.service, &request_id));
    let caller = match body {
        Err(e) => Err(ApiError::new("MalformedQueryString", format!("The body cannot be read: {e}"))),
        Ok(body) => endpoint.caller(&parts, &body, &claimed),
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(refusal) => return written(refused(refusal), &request_id, None),
    };
    let fault = endpoint.schedule.next(form.get("Action").unwrap_or_default());
    let answer = match before(fault.as_ref()).await {
        Ok(()) => action::perform(&endpoint.accounts, &caller, form.clone()).await,
        Err(refusal) => Err(refusal),
    };
    let answer = match answer {
        Ok(mut answer) => {
            if fault == Some(FaultKind::RepeatedToken) {
                let action = form.get("Action").unwrap_or_default();
                let token = form.get("NextToken").map(str::to_owned);
                let token = token.unwrap_or_else(|| list::token_after(action, &mut answer));
                answer.set("nextToken", token);
            }
            if caller.service == "ec2" {
                answer.set("requestId", request_id.as_str());
            }
            (StatusCode::OK, answer)
        }
        Err(refusal) => refused(refusal),
    };
    written(answer, &request_id, fault)
}

impl Endpoint {
    /// Authenticates the caller and applies throttling.
    fn caller(&self, parts: &http::request::Parts, body: &Bytes, claimed: &Caller) -> Result<Caller, ApiError> {
        let caller = match self.options.verify_signatures {
            true => Caller::verified(parts, body, Utc::now())?,
            false => claimed.clone(),
        };
        self.schedule.admit()?;
        Ok(caller)
    }
}

/// Injects faults that replace the action.
async fn before(fault: Option<&FaultKind>) -> Result<(), ApiError> {
    match fault {
        Some(FaultKind::InternalError) => {
            let message = "An internal error has occurred";
            Err(ApiError::with(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message))
        }
        Some(FaultKind::Unavailable) => {
            let message = "The server is overloaded and can't handle the request";
            Err(ApiError::with(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", message))
        }
        Some(FaultKind::Code(code)) => Err(ApiError::new(code.as_str(), "This sandbox was told to refuse the request")),
        Some(FaultKind::Hang) => std::future::pending().await,
        Some(FaultKind::Truncated | FaultKind::NotXml | FaultKind::RepeatedToken) | None => Ok(()),
    }
}

/// Writes a response, with the faults that affect its body.
fn written((status, answer): (StatusCode, Element), request_id: &str, fault: Option<FaultKind>) -> Response {
    let mut body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", answer.xml()).into_bytes();
    let mut content_type = "text/xml;charset=UTF-8";
    match fault {
        Some(FaultKind::Truncated) => body.truncate(body.len() / 2),
        Some(FaultKind::NotXml) => {
            content_type = "text/html";
            body = b"<!DOCTYPE html><html><head><title>Maintenance<body><p>Back soon<br></html>".to_vec();
        }
        _ => {}
    }
    let headers = [(header::CONTENT_TYPE, content_type)];
    let mut response = (status, headers, Body::from(body)).into_response();
    if let Ok(value) = request_id.parse() {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    response
}

fn request_id() -> String {
    let [a, b] = [fastrand::u64(..), fastrand::u64(..)];
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xffff,
        b >> 48,
        b & 0xffff_ffff_ffff
    )
}
