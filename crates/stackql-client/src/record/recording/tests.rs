use std::collections::VecDeque;
use std::fs;

use bytes::Bytes;
use stackql_provider::{Auth, Parameter, Protocol, Resource, Types};

use super::*;
use crate::record::replay::ReplayTransport;
use crate::world::{method_of, request_of};

type SendResult = Result<Response, TransportError>;

/// Answers with these endings, in turn.
#[derive(Debug)]
struct Script(Mutex<VecDeque<SendResult>>);

#[async_trait]
impl Transport for Script {
    async fn send(&self, _: &Request) -> SendResult {
        self.0.lock().unwrap().pop_front().expect("nothing more is asked")
    }

    async fn default_scope(&self, _: &Provider, scope: &Scope) -> Result<String, TransportError> {
        Ok(format!("{}-1", scope.name))
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> SendResult {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Ok(Response { status, headers, body: body.into(), attempts: Vec::new() })
}

fn error(kind: TransportErrorKind, message: &str) -> SendResult {
    Err(TransportError { kind, message: message.into(), attempts: Vec::new() })
}

/// A request of a method that marks `ClientToken`.
fn request(path: &str, body: &str) -> Request {
    let mut types = Types::default();
    let ty = types.push(stackql_provider::Type::String);
    let (name, wire) = ("ClientToken".to_owned(), "ClientToken".to_owned());
    let token = Parameter { name, wire, ty, idempotency_token: true, ..Parameter::default() };
    let methods = vec![method_of(Protocol::Http, vec![token])];
    let resource = Resource { name: "r".into(), methods, types, ..Resource::default() };
    let mut request = request_of(resource, Auth::default(), &[].into(), None);
    (request.http_method, request.path, request.body) = ("POST".into(), path.into(), body.to_owned().into());
    request
}

async fn record(folder: &Path, exchanges: Vec<(Request, SendResult)>) {
    let (requests, endings): (Vec<_>, VecDeque<_>) = exchanges.into_iter().unzip();
    let recording = RecordingTransport::new(Arc::new(Script(Mutex::new(endings.clone()))), folder).unwrap();
    for (request, ending) in requests.iter().zip(endings) {
        assert_eq!(display(&recording.send(request).await), display(&ending), "passed on as it is");
    }
}

/// What a statement sees of an ending, and whether something was sent.
fn display(ending: &SendResult) -> String {
    match ending {
        Ok(Response { status, headers, body, .. }) => format!("{status} {headers:?} {body:?}"),
        Err(TransportError { kind, message, .. }) => format!("{kind:?} {message}"),
    }
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

#[tokio::test]
async fn what_was_recorded_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/folder");
    let page = |number: u8| {
        answer(200, &[("content-type", "text/xml"), ("link", "</a?page=2>; rel=next")], vec![b'p', number])
    };
    let exchanges = vec![
        (request("/a", "x=1"), page(1)),
        (request("/a", "x=2"), page(2)),
        (request("/a", "x=1"), page(3)),
        (request("/b", ""), answer(404, &[], "")),
        (request("/c", ""), answer(200, &[("content-type", "image/png")], vec![0xff, 0, 10])),
        (request("/d", "### answer"), answer(200, &[], "a\n\nb\n### answer\n\n")),
        (request("/e", ""), error(TransportErrorKind::Broken, "the connection broke")),
        (request("/f", ""), error(TransportErrorKind::Credentials, "no credentials")),
    ];
    record(&folder, exchanges.clone()).await;
    let replaying = ReplayTransport::open(&folder).unwrap();
    for (request, ending) in &exchanges {
        assert_eq!(display(&replaying.send(request).await), display(ending));
    }
    let last = replaying.send(&request("/a", "x=1")).await.unwrap();
    assert_eq!(last.body, "p\x03", "the last answer stays");
    let attempt = &last.attempts[0];
    assert_eq!((attempt.started, attempt.duration), (std::time::UNIX_EPOCH, std::time::Duration::ZERO));
    assert_eq!((attempt.status, attempt.bytes, attempt.url.as_str()), (Some(200), 2, "http://replay/a"));
    let broken = replaying.send(&request("/e", "")).await.unwrap_err();
    assert_eq!(broken.attempts[0].error.as_deref(), Some("the connection broke"));
    let unsent = replaying.send(&request("/f", "")).await.unwrap_err();
    assert_eq!(unsent.attempts, []);
}

#[tokio::test]
async fn an_unknown_request_is_told_with_the_folder_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), vec![(request("/a", ""), answer(200, &[], ""))]).await;
    let replaying = ReplayTransport::open(folder.path()).unwrap();
    let mut asked = request("/a", "x=1");
    asked.scope = Some("us-east-1".into());
    let error = replaying.send(&asked).await.unwrap_err();
    let place = folder.path().display();
    let expected = format!(
        "{place} has no recording of p.s.r in us-east-1: POST /a ClientToken={{token}}; record it with --record {place}"
    );
    assert_eq!((error.kind, error.message, error.attempts), (TransportErrorKind::Configuration, expected, vec![]));
}

#[tokio::test]
async fn idempotency_tokens_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), vec![(request("/a", "A=1&ClientToken=one"), answer(200, &[], "made"))]).await;
    let replaying = ReplayTransport::open(folder.path()).unwrap();
    assert_eq!(replaying.send(&request("/a", "A=1&ClientToken=two")).await.unwrap().body, "made");
    assert!(replaying.send(&request("/a", "A=2&ClientToken=one")).await.is_err());
}

#[tokio::test]
async fn the_same_answers_make_the_same_files_and_no_secret_is_in_them() {
    let exchanges = |run: &str| {
        let headers = [("date", run), ("set-cookie", "hush-cookie"), ("x-kind", "k")];
        let body = r#"{"access_token": "hush-token", "SecretAccessKey": "hush-key", "name": "n"}"#;
        let mut asked = request("/token", &format!("client_secret=hush-secret&ClientToken={run}"));
        asked.headers = vec![("x-amz-security-token".into(), "hush-session".into())];
        asked.query = vec![("api_key".into(), "hush-query".into())];
        let again = (asked.clone(), answer(200, &headers, body));
        vec![(asked, answer(200, &headers, body)), again]
    };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (folder, run) in folders.iter().zip(["first", "second"]) {
        record(folder.path(), exchanges(run)).await;
    }
    let all = files(folders[0].path());
    assert_eq!(all, files(folders[1].path()));
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all.values().all(|text| !text.contains("hush") && text.contains("\"name\": \"n\"")), "{all:?}");
    assert!(all.keys().all(|name| name.starts_with("s.m-") && name.ends_with(".http")), "{all:?}");
}

#[tokio::test]
async fn what_is_recorded_again_takes_the_place_of_all_its_repeats() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = |path: &str, body: &'static str| (request(path, ""), answer(200, &[], body));
    record(folder.path(), vec![exchange("/a", "1"), exchange("/a", "2"), exchange("/a", "3"), exchange("/b", "4")])
        .await;
    record(folder.path(), vec![exchange("/a", "5")]).await;
    let replaying = ReplayTransport::open(folder.path()).unwrap();
    for (path, body) in [("/a", "5"), ("/a", "5"), ("/b", "4")] {
        assert_eq!(replaying.send(&request(path, "")).await.unwrap().body, body);
    }
}

#[tokio::test]
async fn scopes_are_recorded_over_several_runs() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider { name: "p".into(), ..Provider::default() };
    let scope = |name: &str| Scope { name: name.into(), environment: vec![], default: None, members: None };
    for name in ["zone", "region"] {
        let recording = RecordingTransport::new(Arc::new(Script(Mutex::default())), folder.path()).unwrap();
        assert_eq!(recording.default_scope(&provider, &scope(name)).await, Ok(format!("{name}-1")));
    }
    assert_eq!(files(folder.path())["scopes"], "p.region = region-1\np.zone = zone-1\n");
    let replaying = ReplayTransport::open(folder.path()).unwrap();
    assert_eq!(replaying.default_scope(&provider, &scope("zone")).await.as_deref(), Ok("zone-1"));
    let error = replaying.default_scope(&provider, &scope("other")).await.unwrap_err();
    assert!(error.message.contains("no recording of the default of the scope p.other; record it with"), "{error}");
}

#[tokio::test]
async fn folders_and_files_that_are_no_recordings_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent");
    let error = ReplayTransport::open(&absent).unwrap_err();
    assert!(
        matches!(&error, RecordingError::Unreadable { path, .. } if *path == absent.display().to_string()),
        "{error}"
    );
    let file = folder.path().join("broken.http");
    fs::write(&file, "GET /").unwrap();
    let error = ReplayTransport::open(folder.path()).unwrap_err();
    assert!(matches!(&error, RecordingError::Malformed { path, .. } if *path == file.display().to_string()), "{error}");
    let error = RecordingTransport::new(Arc::new(Script(Mutex::default())), file.join("below")).unwrap_err();
    assert!(matches!(error, RecordingError::Unwritable { .. }), "{error}");
}
