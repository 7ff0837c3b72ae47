//! What is sent again, how often, and with what.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use stackql_provider::Retry;

use super::*;

/// What a server does with a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    /// Answers with a status, and a body where an error code is given.
    Answer(u16, &'static str),
    /// Says that the request is too old, and that it is an hour later.
    Late,
    /// Closes without an answer.
    Close,
    /// Closes in the middle of the body.
    Cut,
    /// Says nothing.
    Hang,
}

/// Serves connections, each by the next act; the last one stays. Gives the bodies it was sent.
async fn serve(acts: &'static [Act]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    tokio::spawn(async move {
        for at in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            tokio::spawn(act(stream, acts[at.min(acts.len() - 1)], Arc::clone(&seen)));
        }
    });
    (url, bodies)
}

async fn act(mut stream: tokio::net::TcpStream, act: Act, seen: Arc<Mutex<Vec<String>>>) {
    let body = received(&mut stream).await;
    seen.lock().expect("no panic").push(body);
    let answer = |status: u16, code: &str, date: SystemTime| {
        let body = format!("<R><Errors><Error><Code>{code}</Code></Error></Errors></R>");
        let (date, length) = (httpdate::fmt_http_date(date), body.len());
        let head = format!("HTTP/1.1 {status} X\r\nretry-after: 0\r\nconnection: close\r\ndate: {date}");
        format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let said = match act {
        Act::Answer(status, code) => answer(status, code, SystemTime::now()),
        Act::Late => answer(400, "RequestExpired", SystemTime::now() + Duration::from_secs(3600)),
        Act::Close => String::new(),
        Act::Cut => "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<R>".to_owned(),
        Act::Hang => return tokio::time::sleep(Duration::from_secs(60)).await,
    };
    stream.write_all(said.as_bytes()).await.expect("the client reads");
}

/// The body of one request.
async fn received(stream: &mut tokio::net::TcpStream) -> String {
    let mut all = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.unwrap_or(0);
        all.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&all).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if read == 0 {
                return text;
            }
            continue;
        };
        let length = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if read == 0 || body.len() >= length.map_or(0, |l| l.parse().expect("length")) {
            return body.to_owned();
        }
    }
}

/// What kind of statement sends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sent {
    Read,
    Write,
    WriteWithToken,
}

fn request_for(sent: Sent) -> Request {
    let verb = if sent == Sent::Read { Verb::Select } else { Verb::Insert };
    let mut types = Types::default();
    let ty = types.push(stackql_provider::Type::String);
    let token = Parameter {
        name: "ClientToken".into(),
        wire: "ClientToken".into(),
        ty,
        idempotency_token: true,
        ..Default::default()
    };
    let parameters = if sent == Sent::WriteWithToken { vec![token] } else { vec![] };
    request_of(verb, parameters, types)
}

/// How often a request of this kind is sent in the face of `acts`, and what it ends with.
async fn check(sent: Sent, acts: &'static [Act], expected: &[&str]) {
    let (url, bodies) = serve(acts).await;
    let settings = Settings { max_attempts: 3, request_timeout: Duration::from_millis(300), ..settings(url) };
    let client = Client::new(settings).expect("client");
    let attempts = match client.send(&request_for(sent)).await {
        Ok(response) => response.attempts,
        Err(error) => error.attempts,
    };
    let named = |a: &Attempt| match (a.status, &a.error) {
        (Some(status), _) => status.to_string(),
        (None, Some(why)) if why.contains("no answer from") => "timeout".to_owned(),
        (None, Some(why)) if why.contains("broke") => "broken".to_owned(),
        (None, why) => why.clone().unwrap_or_default(),
    };
    let found: Vec<String> = attempts.iter().map(named).collect();
    assert_eq!(found, expected, "{sent:?} {acts:?}");
    let bodies = bodies.lock().expect("no panic").clone();
    assert_eq!(bodies.len(), expected.len(), "{sent:?} {acts:?}: as many requests as attempts");
    if sent == Sent::WriteWithToken {
        assert!(bodies.iter().all(|body| body == "ClientToken=token-1"), "{bodies:?}");
    }
}

const GOOD: Act = Act::Answer(200, "");

/// A policy of the definitions stands in place of what is usual, whatever is repeated then or not.
#[tokio::test]
async fn the_definitions_say_what_is_sent_again() {
    let policy = |attempts, http_methods: &[&str], statuses: &[u16]| Retry {
        attempts,
        first_wait: 1,
        factor: 2.0,
        longest_wait: 2,
        jitter: 0.5,
        http_methods: http_methods.iter().map(|&method| method.to_owned()).collect(),
        statuses: statuses.to_vec(),
    };
    let check = async |sent, policy, acts: &'static [Act], expected: &[u16]| {
        let (url, _) = serve(acts).await;
        let mut request = request_for(sent);
        let mut operation = Operation::clone(&request.operation);
        let mut resource = Resource::clone(&operation.resource);
        resource.methods[0].retry = Some(policy);
        operation.resource = resource.into();
        request.operation = operation.into();
        let client = Client::new(Settings { max_attempts: 2, ..settings(url) }).expect("client");
        let attempts = client.send(&request).await.expect("an answer").attempts;
        let statuses: Vec<u16> = attempts.iter().filter_map(|attempt| attempt.status).collect();
        assert_eq!(statuses, expected, "{sent:?} {acts:?}");
    };
    const TEA: Act = Act::Answer(418, "");
    const BUSY: Act = Act::Answer(503, "");
    // More often than is usual, and for another status.
    check(Sent::Read, policy(4, &["POST"], &[418]), &[TEA, TEA, TEA, GOOD], &[418, 418, 418, 200]).await;
    check(Sent::Read, policy(2, &["POST"], &[418]), &[TEA, TEA, GOOD], &[418, 418]).await;
    // Not what is usual.
    check(Sent::Read, policy(1, &["POST"], &[503]), &[BUSY, GOOD], &[503]).await;
    check(Sent::Read, policy(0, &["POST"], &[503]), &[BUSY, GOOD], &[503]).await;
    check(Sent::Read, policy(4, &["POST"], &[418]), &[BUSY, GOOD], &[503]).await;
    check(Sent::Read, policy(4, &["GET", "HEAD"], &[503]), &[BUSY, GOOD], &[503]).await;
    // A write, where they say so.
    check(Sent::Write, policy(4, &["post"], &[503]), &[BUSY, GOOD], &[503, 200]).await;
}

#[tokio::test]
async fn throttled_requests_are_sent_again_whatever_they_are() {
    for sent in [Sent::Read, Sent::Write, Sent::WriteWithToken] {
        check(sent, &[Act::Answer(503, "RequestLimitExceeded"), GOOD], &["503", "200"]).await;
        check(sent, &[Act::Answer(400, "RequestLimitExceeded"), GOOD], &["400", "200"]).await;
        check(sent, &[Act::Answer(400, "ThrottlingException"), GOOD], &["400", "200"]).await;
        check(sent, &[Act::Answer(429, "Other"), GOOD], &["429", "200"]).await;
    }
}

#[tokio::test]
async fn server_errors_are_repeated_for_reads_and_for_writes_that_carry_a_token() {
    for act in
        [&[Act::Answer(500, "InternalError"), GOOD], &[Act::Answer(502, "x"), GOOD], &[Act::Answer(504, "x"), GOOD]]
    {
        let Act::Answer(status, _) = act[0] else { continue };
        let status = status.to_string();
        check(Sent::Read, act, &[&status, "200"]).await;
        check(Sent::WriteWithToken, act, &[&status, "200"]).await;
        check(Sent::Write, act, &[&status]).await;
    }
}

#[tokio::test]
async fn broken_connections_are_repeated_for_reads_and_for_writes_that_carry_a_token() {
    for act in [&[Act::Close, GOOD], &[Act::Cut, GOOD]] {
        check(Sent::Read, act, &["broken", "200"]).await;
        check(Sent::WriteWithToken, act, &["broken", "200"]).await;
        check(Sent::Write, act, &["broken"]).await;
    }
}

#[tokio::test]
async fn silence_is_a_timeout_and_repeated_alike() {
    check(Sent::Read, &[Act::Hang], &["timeout", "timeout", "timeout"]).await;
    check(Sent::Write, &[Act::Hang], &["timeout"]).await;
}

#[tokio::test]
async fn refusals_are_final() {
    for sent in [Sent::Read, Sent::WriteWithToken] {
        check(sent, &[Act::Answer(400, "InvalidParameterValue"), GOOD], &["400"]).await;
        check(sent, &[Act::Answer(403, "UnauthorizedOperation"), GOOD], &["403"]).await;
        check(sent, &[Act::Answer(404, "x"), GOOD], &["404"]).await;
        check(sent, &[Act::Answer(412, "DryRunOperation"), GOOD], &["412"]).await;
    }
}

#[tokio::test]
async fn attempts_are_bounded() {
    check(Sent::Read, &[Act::Answer(503, "RequestLimitExceeded")], &["503", "503", "503"]).await;
    check(Sent::Read, &[Act::Answer(500, "InternalError")], &["500", "500", "500"]).await;
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_once() {
    check(Sent::Write, &[Act::Late, GOOD], &["400", "200"]).await;
    check(Sent::Write, &[Act::Late], &["400", "400"]).await;
    check(Sent::Write, &[Act::Answer(400, "RequestExpired"), GOOD], &["400"]).await;
}

#[tokio::test]
async fn how_long_to_wait_is_what_the_provider_says_and_shown() {
    let soon = vec![(429, vec![("retry-after", "1".into())]), (200, vec![])];
    let (url, _) = server(soon).await;
    let response = client(url).send(&request(false)).await.expect("answer");
    assert_eq!(statuses(&response), [Some(429), Some(200)]);
    let waited: Vec<f64> = response.attempts.iter().map(|a| a.waited.as_secs_f64().round()).collect();
    assert_eq!(waited, [0.0, 1.0]);
}

#[tokio::test]
async fn what_is_not_allowed_for_longer_than_is_waited_fails_at_once_and_says_until_when() {
    let (url, count) = server(vec![(429, vec![("retry-after", "3600".into())]), (200, vec![])]).await;
    let client = client(url);
    let expected = SystemTime::now() + Duration::from_secs(3600);
    for attempts in [1, 0] {
        let error = client.send(&request(false)).await.expect_err("an hour is too long");
        assert_eq!((error.kind, error.attempts.len()), (TransportErrorKind::Throttled, attempts));
        let (_, until) = error.message.split_once("List with these credentials until ").expect("says of what");
        let (until, rest) = until.split_once(" GMT").expect("a date");
        let until = seconds(httpdate::parse_http_date(&format!("{until} GMT")).expect("a date"));
        assert!((until - seconds(expected)).abs() < 10, "{error}");
        assert_eq!(rest, ", and none waits longer than 300 s; try again then");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_tools_settings_say_how_often() {
    for (name, value, times) in
        [("AWS_MAX_ATTEMPTS", "1", 1), ("AWS_MAX_ATTEMPTS", "2", 2), ("AWS_RETRY_MODE", "standard", 3)]
    {
        let (url, _) = server(vec![(503, vec![("retry-after", "0".into())])]).await;
        let mut settings = settings(url);
        settings.environment.insert(name.to_owned(), value.to_owned());
        let client = Client::new(settings).expect("client");
        let response = client.send(&of_the_tools(request(true))).await.expect("answer");
        assert_eq!(response.attempts.len(), times, "{name} {value}");
    }
    let (url, count) = server(vec![(200, vec![])]).await;
    let mut settings = settings(url);
    settings.environment.insert("AWS_MAX_ATTEMPTS".to_owned(), "often".to_owned());
    let error = Client::new(settings).expect("client").send(&of_the_tools(request(true))).await.expect_err("no number");
    assert_eq!(error.kind, TransportErrorKind::Configuration);
    assert!(error.message.contains("AWS_MAX_ATTEMPTS is 'often'"), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 0);
}
