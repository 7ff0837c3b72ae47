//! A request on its way: who asks, what for, which service answers.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use winterbaume_core::{MockRequest, MockResponse};

use crate::Options;
use crate::account::Accounts;
use crate::form::Form;
use crate::refusal::Refusal;

/// What a request can be as long as.
const LARGEST_BODY: usize = 4 << 20;

struct Endpoint {
    options: Options,
    accounts: Accounts,
}

/// The routes of an endpoint: every path is every service.
pub(crate) fn router(options: Options) -> Router {
    Router::new().fallback(answer).with_state(Arc::new(Endpoint { options, accounts: Accounts::default() }))
}

async fn answer(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response {
    let request_id = request_id();
    tokio::time::sleep(endpoint.options.latency).await;
    let mut answer = match served(&endpoint, request).await {
        Ok(answer) => response(answer),
        Err(refusal) => refusal.answer(&request_id),
    };
    if let Ok(value) = request_id.parse() {
        answer.headers_mut().insert("x-amzn-requestid", value);
    }
    answer
}

async fn served(endpoint: &Endpoint, request: Request) -> Result<MockResponse, Refusal> {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|e| Refusal::new("MalformedQueryString", format!("The body cannot be read: {e}")))?;
    let text = String::from_utf8_lossy(&body);
    let form = Form::read([parts.uri.query().unwrap_or_default(), &text]);
    let scope = Scope::of(&parts.headers)?;
    if form.get("Action").is_none() {
        return Err(Refusal::new("MissingAction", "The request names no action; give it as the parameter Action"));
    }
    let request = MockRequest {
        method: parts.method.to_string(),
        uri: format!("https://{}.{}.amazonaws.com/", scope.service, scope.region),
        headers: parts.headers.clone(),
        body: form.encoded().into(),
    };
    let account = endpoint.accounts.of(&scope.access_key);
    account.call(&scope.service, request).await.ok_or_else(|| {
        Refusal::with(StatusCode::NOT_FOUND, "UnknownService", format!("There is no service '{}' here", scope.service))
    })
}

/// The credential scope of a request.
struct Scope {
    access_key: String,
    region: String,
    service: String,
}

impl Scope {
    fn of(headers: &http::HeaderMap) -> Result<Self, Refusal> {
        let missing = || {
            let message = "AWS was not able to validate the provided access credentials";
            Refusal::with(StatusCode::UNAUTHORIZED, "AuthFailure", message)
        };
        let header = headers.get(http::header::AUTHORIZATION).and_then(|v| v.to_str().ok()).ok_or_else(missing)?;
        let (_, credential) = header.split_once("Credential=").ok_or_else(missing)?;
        let credential = credential.split([',', ' ']).next().unwrap_or_default();
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key, _date, region, service, "aws4_request"] = parts[..] else { return Err(missing()) };
        let owned = str::to_owned;
        Ok(Self { access_key: owned(access_key), region: owned(region), service: owned(service) })
    }
}

fn response(answer: MockResponse) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, answer.headers, Body::from(answer.body)).into_response()
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
