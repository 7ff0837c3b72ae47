use stackql_call::{Bindings, Operation, bind};
use stackql_provider::{
    Auth, ErrorRules, ErrorShape, Method, Parameter, RequestShape, Resource, ResponseShape, Service, Types, Verb,
};

use super::*;
use crate::auth::SIGNED;
use crate::auth_contexts;

mod retries;
mod secure;

#[test]
fn settings_never_print_a_secret() {
    let auth = auth_contexts(
        r#"{"p": {"type": "aws_signing_v4", "keyID": "K", "api_secret": "hush-hush"},
            "q": {"type": "api_key", "api_key": "hush-hush", "password": "hush-hush"}}"#,
    )
    .expect("valid");
    let secret = || "http://user:hush-hush@127.0.0.1:1".to_owned();
    let environment = [("AWS_SECRET_ACCESS_KEY".to_owned(), "hush-hush".to_owned())].into();
    let (endpoint_url, proxy) = (Some(secret()), Some(secret()));
    let client =
        Client::new(Settings { auth, environment, endpoint_url, proxy, ..Settings::default() }).expect("client");
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
    let verb = if repeatable { Verb::Select } else { Verb::Exec };
    request_of(verb, Vec::new(), Types::default())
}

fn request_of(verb: Verb, parameters: Vec<Parameter>, types: Types) -> Request {
    let code = |text: &str| text.split('.').map(str::to_owned).collect();
    let method = Method {
        name: "List".into(),
        operation: "List".into(),
        verb,
        description: String::new(),
        parameters,
        request: RequestShape { http_method: "POST".into(), ..RequestShape::default() },
        response: ResponseShape {
            error: ErrorShape { code: code("Errors.Error.Code"), ..ErrorShape::default() },
            ..ResponseShape::default()
        },
        paging: None,
        ..Method::default()
    };
    let throttled = ["RequestLimitExceeded", "Throttling*"].map(str::to_owned).into();
    let errors = ErrorRules { throttled, clock_skew: vec!["RequestExpired".into()], ..ErrorRules::default() };
    let provider = Provider { errors, ..Provider::default() };
    let auth = Auth { scheme: SIGNED.into(), signing_name: Some("ec2".into()), ..Auth::default() };
    let service = Service { auth, ..Service::default() };
    let resource = Resource { methods: vec![method], types, ..Resource::default() };
    let operation = Operation::new(provider.into(), service.into(), resource.into(), "List").expect("method");
    let call = bind(operation.into(), &Bindings::new(), &mut || "token-1".to_owned()).expect("nothing is required");
    let mut request = stackql_call::request(&call, None, None).expect("nothing to fill in");
    request.scope = Some("us-east-1".into());
    request
}

/// The same of a service that the AWS tools' settings speak of.
fn of_the_tools(mut request: Request) -> Request {
    let mut operation = Operation::clone(&request.operation);
    let mut service = Service::clone(&operation.service);
    service.endpoints.override_id = "EC2".into();
    operation.service = service.into();
    request.operation = operation.into();
    request
}

fn settings(url: String) -> Settings {
    let environment = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "hush"), ("HOME", "/none")]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .into();
    Settings { environment, endpoint_url: Some(url), ..Settings::default() }
}

fn client(url: String) -> Client {
    Client::new(settings(url)).expect("client")
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

#[tokio::test]
async fn an_address_with_a_password_prints_without_it() {
    let (url, _) = server(vec![(200, vec![])]).await;
    let url = url.replace("http://", "http://user:hush-hush@");
    let response = client(url).send(&request(true)).await.expect("answer");
    let address = &response.attempts[0].url;
    assert!(address.starts_with("http://127.0.0.1:") && !address.contains("hush"), "{address}");
    let error = client("http://user:hush-hush@127.0.0.1:1".into()).send(&request(false)).await.expect_err("nobody");
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}

#[tokio::test]
async fn without_credentials_nothing_is_sent_and_the_sources_are_named() {
    let (url, count) = server(vec![(200, vec![])]).await;
    let environment = [("HOME", "/none"), ("AWS_EC2_METADATA_DISABLED", "true")];
    let environment = environment.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    let client = Client::new(Settings { environment, ..settings(url) }).expect("client");
    let error = client.send(&request(true)).await.expect_err("no credentials");
    assert_eq!((error.kind, error.attempts.len()), (TransportErrorKind::Credentials, 0));
    assert_eq!(count.load(Ordering::SeqCst), 0);
    for source in ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "web identity", "container", "instance metadata", "--auth"] {
        assert!(error.message.contains(source), "{source}: {error}");
    }
    assert_eq!(error.message.lines().count(), 1, "{error}");
}

#[tokio::test]
async fn a_scope_comes_from_flag_environment_profile_or_default() {
    let home = tempfile::tempdir().expect("folder");
    std::fs::create_dir(home.path().join(".aws")).expect("made");
    std::fs::write(home.path().join(".aws/config"), "[default]\nregion = eu-central-1\n").expect("written");
    let home = home.path().display().to_string();
    /// Flag, environment beside HOME, home folder, and the region.
    type Case<'a> = (Option<&'a str>, &'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: [Case<'_>; 7] = [
        (Some("ap-south-1"), &[("AWS_REGION", "eu-west-1")], &home, "ap-south-1"),
        (None, &[("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-2")], &home, "eu-west-1"),
        (None, &[("AWS_DEFAULT_REGION", "eu-west-2")], &home, "eu-west-2"),
        (None, &[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "eu-west-2")], &home, "eu-west-2"),
        (None, &[("AWS_REGION", " ")], &home, "eu-central-1"),
        (None, &[], &home, "eu-central-1"),
        (None, &[], "/none", "us-east-1"),
    ];
    let scope = Scope {
        name: "region".into(),
        environment: ["AWS_REGION", "AWS_DEFAULT_REGION"].map(str::to_owned).into(),
        default: Some("us-east-1".into()),
        members: None,
    };
    let provider = Provider { name: "p".into(), scopes: vec![scope.clone()], ..Provider::default() };
    for (flag, variables, home, expected) in cases {
        let mut environment: crate::Environment =
            variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        environment.insert("HOME".into(), home.into());
        let flags = flag.map(|f| (("p".to_owned(), "region".to_owned()), f.to_owned()));
        let scope_defaults = flags.into_iter().collect();
        let client = Client::new(Settings { environment, scope_defaults, ..Settings::default() }).expect("client");
        let found = client.default_scope(&provider, &scope).await;
        assert_eq!(found.as_deref(), Ok(expected), "{flag:?} {variables:?} {home}");
    }
}

#[test]
fn an_endpoint_may_have_a_path_and_a_query_is_encoded() {
    let address = |base: &str, request: &Request| address(base, request).map(String::from).map_err(|(_, why)| why);
    let mut asked = request(true);
    assert_eq!(address("https://example.com/custom", &asked), Ok("https://example.com/custom/".to_owned()));
    assert_eq!(address("https://example.com:8443/", &asked), Ok("https://example.com:8443/".to_owned()));
    asked.path = "/a%2Fb".into();
    asked.query = vec![("k".into(), "a b+c&d".into())];
    assert_eq!(address("http://h/x/", &asked), Ok("http://h/x/a%2Fb?k=a%20b%2Bc%26d".to_owned()));
    for wrong in ["", "example.com", "ftp://example.com", "http://"] {
        let error = address(wrong, &asked).expect_err(wrong);
        assert!(error.contains("give one like https://host:port"), "{error}");
    }
}

#[test]
fn the_next_page_stays_where_the_one_before_came_from() {
    let mut asked = request(true);
    asked.path = "/things".into();
    asked.query = vec![("k".into(), "v".into())];
    let mut address = |base: &str, next: &str| {
        asked.next_url = Some(next.into());
        address(base, &asked).map(String::from).map_err(|(_, why)| why)
    };
    let verbatim = "https://h/things?k=v&page=2%2F3+4";
    assert_eq!(address("https://h", verbatim), Ok(verbatim.to_owned()));
    assert_eq!(address("https://h:443/x", "/other?page=2"), Ok("https://h/other?page=2".to_owned()));
    assert_eq!(address("https://h/x", "?page=2"), Ok("https://h/x/things?page=2".to_owned()));
    assert_eq!(address("https://me:mine@h", "https://you@h/y"), Ok("https://me:mine@h/y".to_owned()));
    for elsewhere in ["http://h/things", "https://h:8443/things", "https://evil/things", "//evil/things"] {
        let error = address("https://h", elsewhere).expect_err(elsewhere);
        assert!(error.contains("and only https://h is asked"), "{error}");
    }
}
