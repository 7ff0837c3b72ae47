use super::*;
use crate::auth_contexts;

#[test]
fn settings_never_print_a_secret() {
    let auth =
        auth_contexts(r#"{"p": {"type": "aws_signing_v4", "keyID": "K", "api_secret": "hush-hush"}}"#).expect("valid");
    let client = Client::new(Settings { auth, ..Settings::default() }).expect("client");
    assert!(!format!("{client:?}").contains("hush-hush"));
    let error = auth_contexts("{\"p\": \"hush-hush\"}").expect_err("wrong form");
    assert!(!format!("{error:?} {error}").contains("hush-hush"));
}

/// Serves these answers in turn and counts; the last one stays.
async fn server(answers: Vec<(u16, Vec<(&'static str, String)>)>) -> (String, std::sync::Arc<AtomicI64>) {
    let count = std::sync::Arc::new(AtomicI64::new(0));
    let seen = std::sync::Arc::clone(&count);
    let app = axum::Router::new().fallback(move |headers: http::HeaderMap| {
        let at = usize::try_from(seen.fetch_add(1, Ordering::SeqCst)).expect("small");
        let (status, extra) = answers[at.min(answers.len() - 1)].clone();
        async move {
            assert!(headers["authorization"].to_str().expect("text").starts_with("AWS4-HMAC-SHA256 Credential=AKID/"));
            let mut answer = http::Response::builder().status(status);
            for (name, value) in extra {
                answer = answer.header(name, value);
            }
            answer.body(axum::body::Body::from("<ok/>")).expect("answer")
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, count)
}

fn request(repeatable: bool) -> Request {
    use stackql_provider::{Auth, Method, Resource, Service, Verb};
    let method = Method {
        name: "List".into(),
        operation: "List".into(),
        verb: Verb::Exec,
        description: String::new(),
        parameters: Vec::new(),
        request: Default::default(),
        response: Default::default(),
        paging: None,
        narrowings: Vec::new(),
    };
    let auth = Auth { scheme: SIGNED.into(), signing_name: Some("ec2".into()) };
    let service = Service { auth, ..Service::default() };
    let resource = Resource { methods: vec![method], ..Resource::default() };
    let operation = stackql_call::Operation::new(Provider::default().into(), service.into(), resource.into(), "List")
        .expect("method");
    let call = stackql_call::bind(operation.into(), &stackql_call::Bindings::new(), &mut String::new)
        .expect("nothing is required");
    let mut request = stackql_call::request(&call, None, None);
    request.http_method = "POST".into();
    request.path = "/".into();
    request.scope = Some("us-east-1".into());
    request.repeatable = repeatable;
    request
}

fn client(url: String) -> Client {
    let environment = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "hush")]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .into();
    Client::new(Settings { environment, endpoint_url: Some(url), ..Settings::default() }).expect("client")
}

fn statuses(response: &Response) -> Vec<Option<u16>> {
    response.attempts.iter().map(|a| a.status).collect()
}

#[tokio::test]
async fn throttled_is_sent_again_and_every_attempt_reported() {
    let (url, _) = server(vec![(503, vec![("retry-after", "0".into())]), (200, vec![])]).await;
    let response = client(url).send(&request(false)).await.expect("answer");
    assert_eq!(statuses(&response), [Some(503), Some(200)]);
}

#[tokio::test]
async fn a_failed_write_is_not_sent_again_but_a_read_is() {
    let (url, count) = server(vec![(500, vec![]), (200, vec![])]).await;
    let client = client(url);
    assert_eq!(client.send(&request(false)).await.expect("answer").status, 500);
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let (url, _) = server(vec![(500, vec![]), (200, vec![])]).await;
    assert_eq!(statuses(&self::client(url).send(&request(true)).await.expect("answer")), [Some(500), Some(200)]);
}

#[tokio::test]
async fn the_clock_follows_the_server() {
    let ahead = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
    let (url, _) = server(vec![(403, vec![("date", ahead)]), (200, vec![])]).await;
    let client = client(url);
    assert_eq!(statuses(&client.send(&request(false)).await.expect("answer")), [Some(403), Some(200)]);
    assert!((client.skew.load(Ordering::Relaxed) - 3600).abs() < 5);
}

#[tokio::test]
async fn an_unreachable_endpoint_is_named() {
    let error = client("http://127.0.0.1:1".into()).send(&request(false)).await.expect_err("nobody listens");
    assert_eq!((error.kind, error.attempts.len()), (TransportErrorKind::Connect, 1));
    assert!(error.message.contains("127.0.0.1:1"), "{error}");
}
