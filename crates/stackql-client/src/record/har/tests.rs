use std::time::UNIX_EPOCH;

use stackql_call::TransportErrorKind;
use stackql_provider::{Auth, Protocol, Resource};

use super::*;
use crate::world::{method_of, request_of};

/// Answers the path `/broken` with an error, and others after an attempt that was throttled.
#[derive(Debug)]
struct Answering;

fn attempt(second: u64, status: Option<u16>, error: Option<&str>) -> Attempt {
    Attempt {
        started: UNIX_EPOCH + Duration::from_secs(second),
        waited: Duration::from_millis(250),
        duration: Duration::from_millis(1500),
        url: "https://h:443/things".into(),
        status,
        bytes: status.map_or(0, |_| 9),
        request_id: None,
        cached: false,
        error: error.map(str::to_owned),
    }
}

#[async_trait]
impl Transport for Answering {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        if request.path == "/broken" {
            let (kind, message) = (TransportErrorKind::Broken, "it broke".to_owned());
            return Err(TransportError { kind, message, attempts: vec![attempt(1, None, Some("it broke"))] });
        }
        let headers = [("content-type", "application/json"), ("set-cookie", "hush"), ("location", "/there")];
        let headers = headers.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        let body = if request.path == "/bytes" { vec![0xff].into() } else { r#"{"password":"hush","a":1}"#.into() };
        Ok(Response {
            status: 200,
            headers,
            body,
            attempts: vec![attempt(2, Some(429), None), attempt(4, Some(200), None)],
        })
    }

    async fn default_scope(&self, _: &Provider, _: &Scope) -> Result<String, TransportError> {
        Ok("region-1".to_owned())
    }
}

fn request(path: &str) -> Request {
    let resource =
        Resource { name: "r".into(), methods: vec![method_of(Protocol::Http, Vec::new())], ..Resource::default() };
    let mut request = request_of(resource, Auth::default(), &[].into(), None);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    (request.http_method, request.path, request.body) = ("POST".into(), path.into(), "client_secret=hush&a=1".into());
    request.query = vec![pair("q", "a b"), pair("api_key", "hush")];
    request.headers = vec![pair("content-type", "application/x-www-form-urlencoded"), pair("authorization", "hush")];
    request
}

/// The archive after requests to these paths.
async fn archive(paths: &[&str]) -> Value {
    let har = HarTransport::new(Arc::new(Answering));
    for path in paths {
        let _ = har.send(&request(path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.har");
    har.write(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("hush"), "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Members that HAR 1.2 wants, by where they are.
const REQUIRED: [(&str, &[&str]); 7] = [
    ("", &["startedDateTime", "time", "request", "response", "cache", "timings"]),
    ("/request", &["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"]),
    ("/request/postData", &["mimeType", "params", "text"]),
    (
        "/response",
        &[
            "status",
            "statusText",
            "httpVersion",
            "cookies",
            "headers",
            "content",
            "redirectURL",
            "headersSize",
            "bodySize",
        ],
    ),
    ("/response/content", &["size", "mimeType"]),
    ("/timings", &["send", "wait", "receive"]),
    ("/request/headers/0", &["name", "value"]),
];

#[tokio::test]
async fn an_archive_has_every_attempt_in_order_with_all_required_members() {
    let archive = archive(&["/things", "/broken", "/bytes"]).await;
    let log = &archive["log"];
    assert_eq!((&log["version"], &log["creator"]["name"]), (&json!("1.2"), &json!("stackql")));
    assert!(log["creator"]["version"].is_string());
    let entries = log["entries"].as_array().unwrap();
    for entry in entries {
        for (place, members) in REQUIRED {
            for member in members {
                assert!(entry.pointer(&format!("{place}/{member}")).is_some(), "{place}/{member} in {entry:#}");
            }
        }
    }
    let statuses: Vec<&Value> = entries.iter().map(|entry| &entry["response"]["status"]).collect();
    assert_eq!(statuses, [0, 429, 429, 200, 200], "in the order of time");
    assert_eq!(entries[0]["comment"], "it broke");
}

#[tokio::test]
async fn an_entry_tells_what_was_sent_when_and_what_came() {
    let archive = archive(&["/things"]).await;
    let (first, last) = (&archive["log"]["entries"][0], &archive["log"]["entries"][1]);
    assert_eq!(first["response"]["content"].get("text"), None, "a body that was thrown away");
    assert_eq!(last["startedDateTime"], "1970-01-01T00:00:03.750Z");
    assert_eq!(last["time"], 1750.0);
    assert_eq!((&last["timings"]["blocked"], &last["timings"]["wait"]), (&json!(250.0), &json!(1500.0)));
    assert_eq!(last["request"]["url"], "https://h:443/things?q=a+b&api_key=****");
    assert_eq!(last["request"]["queryString"][1], json!({"name": "api_key", "value": "****"}));
    assert_eq!(last["request"]["headers"][1], json!({"name": "authorization", "value": "****"}));
    assert_eq!(last["request"]["postData"]["text"], "client_secret=****&a=1");
    assert_eq!(last["response"]["content"]["text"], r#"{"password":"****","a":1}"#);
    assert_eq!((&last["response"]["statusText"], &last["response"]["redirectURL"]), (&json!("OK"), &json!("/there")));
}

#[tokio::test]
async fn bytes_are_base64_and_a_file_that_cannot_be_written_is_named() {
    let archive = archive(&["/bytes"]).await;
    let content = &archive["log"]["entries"][1]["response"]["content"];
    assert_eq!((&content["text"], &content["encoding"]), (&json!("/w=="), &json!("base64")));
    let error = HarTransport::new(Arc::new(Answering)).write("/none/calls.har").unwrap_err();
    assert!(error.to_string().starts_with("cannot write /none/calls.har: "), "{error}");
}
