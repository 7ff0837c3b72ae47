//! The adapter by which aws-config sends its credential requests over this crate's connection pool, so that proxies,
//! certificates and timeouts apply to them, too.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::credentials::source::reason;

/// A connection pool as the HTTP client of aws-config.
#[derive(Debug, Clone)]
pub(crate) struct Carrier(pub(crate) reqwest::Client);

impl HttpClient for Carrier {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Carrier {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let pool = self.0.clone();
        HttpConnectorFuture::new(async move { carried(&pool, request).await })
    }
}

async fn carried(pool: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let method =
        reqwest::Method::from_bytes(request.method().as_bytes()).map_err(|e| ConnectorError::user(e.into()))?;
    let mut asked = pool.request(method, request.uri());
    for (name, value) in request.headers() {
        asked = asked.header(name, value);
    }
    let body = request.into_body();
    // Credential requests never have a streaming body.
    asked = asked.body(body.bytes().unwrap_or_default().to_vec());
    let failed = |e: reqwest::Error| match e.is_timeout() {
        true => ConnectorError::timeout(reason(&e).into()),
        false => ConnectorError::io(reason(&e).into()),
    };
    let answer = asked.send().await.map_err(failed)?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.map_err(failed)?;
    let mut response = HttpResponse::new(status.into(), SdkBody::from(body.to_vec()));
    for (name, value) in &headers {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        response
            .headers_mut()
            .try_append(name.as_str().to_owned(), text)
            .map_err(|e| ConnectorError::other(e.into(), None))?;
    }
    Ok(response)
}
