//! A client that signs: its keys, its region, and what it is answered.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use stackql_sandbox::Sandbox;

/// Who calls an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) url: String,
    pub(crate) key: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
    /// How far its clock is behind.
    pub(crate) behind: Duration,
    /// Its connections; made once, for that takes longer than a call.
    pub(crate) http: reqwest::Client,
}

/// What a client was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn for_sandbox(sandbox: &Sandbox) -> Self {
        let (key, secret, region, service) = ("test", "test", "us-east-1", "ec2");
        Self { url: sandbox.url(), key, secret, region, service, behind: Duration::ZERO, http: reqwest::Client::new() }
    }

    /// Sends an action with its parameters, `A=b&C.1=d`.
    pub(crate) async fn call(&self, action: &str, parameters: &str) -> Answer {
        let request = self.signed(format!("Action={action}&Version=2016-11-15&{parameters}"));
        self.sent(request).await
    }

    pub(crate) async fn sent(&self, request: reqwest::Request) -> Answer {
        answered(self.http.execute(request).await.unwrap()).await
    }

    /// The text of an element of the answer to an action that succeeds.
    pub(crate) async fn create(&self, action: &str, parameters: &str, element: &str) -> String {
        let answer = self.call(action, parameters).await;
        assert_eq!(answer.status, 200, "{action} {parameters}: {}", answer.body);
        answer.text(element).unwrap_or_else(|| panic!("no {element} in {}", answer.body)).to_owned()
    }

    pub(crate) fn signed(&self, body: String) -> reqwest::Request {
        let mut request = http::Request::post(format!("{}/", self.url)).body(body).unwrap();
        let identity = Credentials::from_keys(self.key, self.secret, None).into();
        #[expect(clippy::disallowed_methods, reason = "the endpoint compares the time of a request with its clock")]
        let now = SystemTime::now();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(now - self.behind)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let content = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let uri = request.uri().to_string();
        let body = SignableBody::Bytes(request.body().as_bytes());
        let signable = SignableRequest::new("POST", uri, content.into_iter(), body).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        for (name, value) in content {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        request.try_into().unwrap()
    }
}

pub(crate) async fn answered(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.text().await.unwrap() }
}

impl Answer {
    /// The texts of all elements of a name.
    pub(crate) fn texts(&self, element: &str) -> Vec<&str> {
        let open = format!("<{element}>");
        let starts = self.body.match_indices(&open).map(|(at, _)| &self.body[at + open.len()..]);
        starts.filter_map(|rest| rest.split_once("</").map(|(text, _)| text)).collect()
    }

    /// The text of the first element of a name.
    pub(crate) fn text(&self, element: &str) -> Option<&str> {
        self.texts(element).first().copied()
    }

    /// The status and the error code.
    pub(crate) fn error(&self) -> (u16, &str) {
        (self.status, self.text("Code").unwrap_or_default())
    }
}
