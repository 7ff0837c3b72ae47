//! The folders below `testdata/auth`: a world each, and the credentials found in it.
//!
//! Given: `env.json` (all variables there are), `fs/` (the home folder, optional), `auth.json` (the auth context,
//! optional), `exchanges.http` (what a server on loopback is asked and answers, in this order and nothing else,
//! optional). Checked: `expect.txt`. In all of them `{server}` stands for the server's address and `{home}` for the
//! home folder. `UPDATE_CASES=1` writes what is checked anew.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;

use super::*;
use crate::{Environment, auth_contexts};

/// The same sentence ends every failure of the chain; its own test is below.
const TRIED: &str = "; tried the variables";

#[tokio::test]
async fn every_world_gives_its_credentials() {
    let update = std::env::var_os("UPDATE_CASES").is_some_and(|v| v == "1");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/auth");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 20, "only {} worlds", folders.len());
    let found = futures::future::join_all(folders.iter().map(|folder| found(folder))).await;
    let mut failures = Vec::new();
    for (folder, found) in folders.iter().zip(found) {
        let path = folder.join("expect.txt");
        let wanted = std::fs::read_to_string(&path).unwrap_or_default();
        if found == wanted {
            continue;
        }
        match update {
            true => std::fs::write(&path, found).unwrap(),
            false => {
                let case = folder.file_name().unwrap().display();
                failures.push(format!("{case}\n--- wanted\n{wanted}--- found\n{found}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}\n(UPDATE_CASES=1 takes over what was found)", failures.join("\n"));
}

/// What a world comes to, as `expect.txt` has it.
async fn found(folder: &Path) -> String {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(&text("exchanges.http").unwrap_or_default()).await;
    let at_home = home.path().display().to_string();
    let filled = |text: String| text.replace("{server}", &server.url).replace("{home}", &at_home);
    copy(&folder.join("fs"), home.path(), &filled);
    let environment: Environment =
        serde_json::from_str(&filled(text("env.json").expect("a world has env.json"))).unwrap();
    let auth = text("auth.json").map(|context| auth_contexts(&format!("{{\"p\": {}}}", filled(context))).unwrap());
    let settings = Settings { environment, auth: auth.unwrap_or_default(), ..Settings::default() };
    let credentials = match Profile::load(&settings.environment).await {
        Ok(profile) => {
            let sources = Sources::new(&settings);
            tokio::time::timeout(Duration::from_secs(10), sources.credentials("p", &settings, &profile)).await.unwrap()
        }
        Err(message) => Err(message),
    };
    let said = match credentials {
        Ok(credentials) => shown(&credentials),
        Err(message) => match message.split_once(TRIED) {
            Some((why, _)) => format!("error: {why}{TRIED} ...\n"),
            None => format!("error: {message}\n"),
        },
    };
    let said = said.replace(&server.url, "{server}").replace(server.place(), "{server}").replace(&at_home, "{home}");
    said + &server.complaints()
}

fn shown(credentials: &Credentials) -> String {
    format!(
        "access key: {}\nsecret: {}\nsession token: {}\nexpires: {}\n",
        credentials.access_key_id(),
        credentials.secret_access_key(),
        credentials.session_token().unwrap_or("none"),
        if credentials.expiry().is_some() { "yes" } else { "no" },
    )
}

fn copy(from: &Path, to: &Path, filled: &dyn Fn(String) -> String) {
    for entry in std::fs::read_dir(from).into_iter().flatten() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target, filled);
        } else {
            std::fs::write(target, filled(std::fs::read_to_string(entry.path()).unwrap())).unwrap();
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
struct Server {
    url: String,
    left: Arc<Mutex<Vec<Exchange>>>,
    wrong: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(exchanges: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let left = Arc::new(Mutex::new(parsed(exchanges)));
        let wrong = Arc::new(Mutex::new(Vec::new()));
        let (ours, complaints) = (Arc::clone(&left), Arc::clone(&wrong));
        let app = axum::Router::new().fallback(
            move |method: http::Method, uri: http::Uri, headers: http::HeaderMap, body: String| {
                let asked = format!("{method} {uri}");
                let next = {
                    let mut left = ours.lock().unwrap();
                    if left.is_empty() { None } else { Some(left.remove(0)) }
                };
                let answer = match next {
                    Some(exchange) if exchange.line == asked => {
                        let absent = exchange.carries.iter().filter(|part| !carried(part, &headers, &body));
                        complaints.lock().unwrap().extend(absent.map(|part| format!("{asked} lacks {part} in {body}")));
                        exchange
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
        Self { url, left, wrong }
    }

    /// Host and port.
    fn place(&self) -> &str {
        &self.url["http://".len()..]
    }

    /// A line for each request that was not as expected and each exchange that was not asked for.
    fn complaints(&self) -> String {
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
