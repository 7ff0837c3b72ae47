//! A world: a folder of files, variables and exchanges, and the server that plays the exchanges.
//!
//! `env.json` are all variables there are, `fs/` is the home folder (optional), `auth.json` the auth context of
//! provider `p` (optional), `definitions.json` what its definitions say (optional), `exchanges.http` what a server on loopback is asked and answers, in this order (optional).
//! In all of them `{server}` stands for the server's address, `{place}` for its host and port, `{home}` for the home folder, `{world}` for the
//! world's own folder and `{pem}` for a private key and `{key}` for it as JSON writes it. A request below `/api` that is not among the
//! exchanges is answered well.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use regex::Regex;
use serde_json::Value;
use stackql_call::{Bindings, Operation, Request, bind};
use stackql_provider::{
    Auth, BodyFormat, Method, Parameter, Protocol, Provider, RequestShape, Resource, ResponseShape, Service, Verb,
};
use tempfile::TempDir;

use crate::{Settings, auth_contexts};

/// A key pair made for this run.
pub(crate) static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).expect("generated"));

/// The private half of [`KEY`], PKCS#8 in PEM.
pub(crate) fn pem() -> String {
    let der: Pkcs8V1Der<'_> = KEY.as_der().expect("encoded");
    armoured("PRIVATE KEY", der.as_ref())
}

/// PEM of this label.
pub(crate) fn armoured(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// An open world.
pub(crate) struct World {
    folder: PathBuf,
    home: TempDir,
    pub(crate) server: Server,
    pub(crate) settings: Settings,
}

impl World {
    /// Opens the world of `folder`.
    pub(crate) async fn open(folder: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let server = Server::start(&text("exchanges.http").unwrap_or_default()).await;
        let mut world = Self { folder: folder.to_owned(), home, server, settings: Settings::default() };
        copy(&folder.join("fs"), world.home.path(), &|text| world.expand(&text));
        let environment = world.file("env.json").expect("a world has env.json");
        let auth = world.file("auth.json").map(|context| auth_contexts(&format!("{{\"p\": {context}}}")).unwrap());
        world.settings.environment = serde_json::from_str(&environment).unwrap();
        world.settings.auth = auth.unwrap_or_default();
        world
    }

    /// What `definitions.json` says of authorisation: a scheme, and a context.
    pub(crate) fn definitions(&self) -> Option<Auth> {
        let said: Value = serde_json::from_str(&self.file("definitions.json")?).unwrap();
        let scheme = said["scheme"].as_str().unwrap_or_default().to_owned();
        Some(Auth { scheme, context: said.get("context").map(Value::to_string), ..Auth::default() })
    }

    /// A file's text with what is known of this run.
    pub(crate) fn file(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.join(name)).ok().map(|text| self.expand(&text))
    }

    fn expand(&self, text: &str) -> String {
        let key = if text.contains("{key}") { pem().replace('\n', "\\n") } else { String::new() };
        text.replace("{server}", &self.server.url)
            .replace("{place}", self.server.place())
            .replace("{home}", &self.home.path().display().to_string())
            .replace("{world}", &self.folder.display().to_string())
            .replace("{key}", &key)
            .replace("{pem}", &if text.contains("{pem}") { pem() } else { String::new() })
    }

    /// The opposite: `text` without what differs from run to run.
    pub(crate) fn emptied(&self, text: &str) -> String {
        static DIFFERS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?m)(signature="|^date: )[^"\n]*"#).unwrap());
        DIFFERS
            .replace_all(text, "$1...")
            .replace(&self.server.url, "{server}")
            .replace(self.server.place(), "{server}")
            .replace(&self.home.path().display().to_string(), "{home}")
            .replace(&self.folder.display().to_string(), "{world}")
    }
}

/// Compares what was found in each folder with its file `name`, or writes that file anew with `UPDATE_CASES=1`.
pub(crate) fn compare(name: &str, found: &[(PathBuf, String)]) {
    let update = std::env::var_os("UPDATE_CASES").is_some_and(|v| v == "1");
    let mut failures = Vec::new();
    for (folder, found) in found {
        let path = folder.join(name);
        let wanted = std::fs::read_to_string(&path).unwrap_or_default();
        match (*found == wanted, update) {
            (true, _) => {}
            (false, true) => std::fs::write(&path, found).unwrap(),
            (false, false) => {
                let case = folder.file_name().unwrap().display();
                failures.push(format!("{case}\n--- wanted\n{wanted}--- found\n{found}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}\n(UPDATE_CASES=1 takes over what was found)", failures.join("\n"));
}

/// The folders below `testdata/auth`, sorted: those with a `sent.txt`, which are about requests, or the others.
pub(crate) fn folders(about_requests: bool) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/auth");
    let all = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = all.filter(|folder| folder.join("sent.txt").exists() == about_requests).collect();
    folders.sort();
    folders
}

fn copy(from: &Path, to: &Path, filled: &dyn Fn(String) -> String) {
    for entry in std::fs::read_dir(from).into_iter().flatten() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target, filled);
        } else {
            let bytes = std::fs::read(entry.path()).unwrap();
            let written = String::from_utf8(bytes).map_or_else(|e| e.into_bytes(), |text| filled(text).into_bytes());
            std::fs::write(target, written).unwrap();
        }
    }
}

/// One exchange: the request line, what else the request must carry (a header as `name: text`, else a text of the
/// body), and the answer.
#[derive(Debug, Clone)]
struct Exchange {
    line: String,
    carries: Vec<String>,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// A server on loopback that plays exchanges.
pub(crate) struct Server {
    pub(crate) url: String,
    left: Arc<Mutex<Vec<Exchange>>>,
    wrong: Arc<Mutex<Vec<String>>>,
    calls: Arc<Mutex<Vec<String>>>,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start(exchanges: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let left = Arc::new(Mutex::new(parsed(exchanges)));
        let wrong = Arc::new(Mutex::new(Vec::new()));
        let (calls, bodies) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let received = Arc::clone(&bodies);
        let (ours, complaints, called) = (Arc::clone(&left), Arc::clone(&wrong), Arc::clone(&calls));
        let app = axum::Router::new().fallback(
            move |method: http::Method, uri: http::Uri, headers: http::HeaderMap, body: String| {
                let asked = format!("{method} {uri}");
                received.lock().unwrap().push(body.clone());
                let call = uri.path().starts_with("/api");
                if call {
                    called.lock().unwrap().push(format!("{asked}\n{}", credentials(&headers)));
                }
                let next = {
                    let mut left = ours.lock().unwrap();
                    let other = call && left.first().is_none_or(|exchange| exchange.line != asked);
                    if left.is_empty() || other { None } else { Some(left.remove(0)) }
                };
                let answer = match next {
                    Some(exchange) if exchange.line == asked => {
                        let absent = exchange.carries.iter().filter(|part| !carried(part, &headers, &body));
                        complaints.lock().unwrap().extend(absent.map(|part| format!("{asked} lacks {part} in {body}")));
                        exchange
                    }
                    None if call => {
                        Exchange { line: asked, carries: vec![], status: 200, headers: vec![], body: "{}".to_owned() }
                    }
                    other => {
                        let expected = other.map_or("nothing".to_owned(), |exchange| exchange.line);
                        complaints.lock().unwrap().push(format!("{asked} came instead of {expected}"));
                        Exchange { line: asked, carries: vec![], status: 404, headers: vec![], body: String::new() }
                    }
                };
                async move {
                    let mut built = http::Response::builder().status(answer.status);
                    for (name, value) in answer.headers {
                        built = built.header(name, value);
                    }
                    built.body(axum::body::Body::from(answer.body)).unwrap()
                }
            },
        );
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, left, wrong, calls, bodies }
    }

    /// The bodies of all requests.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }

    /// The calls of the API: the request line and the headers that authorise.
    pub(crate) fn calls(&self) -> String {
        self.calls.lock().unwrap().concat()
    }

    /// Host and port.
    pub(crate) fn place(&self) -> &str {
        &self.url["http://".len()..]
    }

    /// A line for each request that was not as expected and each exchange that was not asked for.
    pub(crate) fn complaints(&self) -> String {
        let left = self
            .left
            .lock()
            .unwrap()
            .iter()
            .map(|exchange| format!("{} was not asked", exchange.line))
            .collect::<Vec<_>>();
        self.wrong.lock().unwrap().iter().chain(&left).map(|line| format!("server: {line}\n")).collect()
    }
}

/// The headers beside those that every request has, a line each.
fn credentials(headers: &http::HeaderMap) -> String {
    let plain = ["host", "accept", "accept-encoding", "user-agent", "content-length"];
    let others = headers.iter().filter(|(name, _)| !plain.contains(&name.as_str()));
    others.map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect()
}

fn carried(part: &str, headers: &http::HeaderMap, body: &str) -> bool {
    match part.split_once(": ") {
        Some((name, text)) => headers.get(name).is_some_and(|value| value.to_str().unwrap().contains(text)),
        None => body.split('&').any(|field| field == part),
    }
}

/// Exchanges, each begun by a line `###`: the request line and what it carries, an empty line, the answer's status
/// line and headers, an empty line, the body.
fn parsed(text: &str) -> Vec<Exchange> {
    let exchange = |block: &str| {
        let mut parts = block.trim().splitn(3, "\n\n");
        let mut asked = parts.next().unwrap().lines().map(str::to_owned);
        let mut answered = parts.next().unwrap().lines();
        let status = answered.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| line.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap();
        Exchange {
            line: asked.next().unwrap(),
            carries: asked.collect(),
            status,
            headers: answered.map(header).collect(),
            body: parts.next().unwrap_or_default().to_owned(),
        }
    };
    text.split("###\n").filter(|block| !block.trim().is_empty()).map(exchange).collect()
}

/// A request to provider `p` of the one method of `resource`.
pub(crate) fn request_of(resource: Resource, auth: Auth, bindings: &Bindings, most: Option<u32>) -> Request {
    let provider = Provider { name: "p".into(), ..Provider::default() };
    let service = Service { name: "s".into(), auth, ..Service::default() };
    let method = resource.methods[0].name.clone();
    let operation = Operation::new(provider.into(), service.into(), resource.into(), &method).unwrap();
    let call = bind(operation.into(), bindings, &mut || "token-1".to_owned()).unwrap();
    stackql_call::request(&call, None, most).unwrap()
}

/// A method `m` that answers SELECT.
pub(crate) fn method_of(medium: Protocol, parameters: Vec<Parameter>) -> Method {
    Method {
        name: "m".into(),
        operation: "m".into(),
        verb: Verb::Select,
        description: String::new(),
        parameters,
        request: RequestShape { protocol: medium, ..RequestShape::default() },
        response: ResponseShape { format: BodyFormat::Json, ..ResponseShape::default() },
        paging: None,
        ..Method::default()
    }
}
