//! A registry for tests: serves files from memory over local HTTP, like a static file server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response, Uri};

/// The files that are served, and the faults to inject.
#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Redirects, by path.
    pub(crate) moved: BTreeMap<String, String>,
    /// The number of next archive responses that break off in the middle.
    pub(crate) breaks: usize,
    /// Whether range requests are ignored.
    pub(crate) whole_only: bool,
    /// The requested paths, each with its `Range` header.
    pub(crate) asked: Vec<(String, Option<String>)>,
}

/// A running site, which serves until the test ends.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) url: String,
    site: Arc<Mutex<Site>>,
}

impl Served {
    pub(crate) async fn start() -> Self {
        let site = Arc::new(Mutex::new(Site::default()));
        let shared = Arc::clone(&site);
        let app = axum::Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
            let answer = lock(&shared).answer(uri.path(), &headers);
            async move { answer }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/providers", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, site }
    }

    pub(crate) fn site(&self) -> MutexGuard<'_, Site> {
        lock(&self.site)
    }

    /// Adds a file.
    pub(crate) fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        self.site().files.insert(format!("/providers/dist/{path}"), content.into());
    }

    /// The `Range` headers of the archive requests.
    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        let site = self.site();
        site.asked.iter().filter(|(path, _)| path.ends_with(".tgz")).map(|(_, range)| range.clone()).collect()
    }
}

fn lock(site: &Mutex<Site>) -> MutexGuard<'_, Site> {
    site.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    fn answer(&mut self, path: &str, headers: &HeaderMap) -> Response<Body> {
        let header = |name: &str| headers.get(name).map(|v| v.to_str().expect("text").to_owned());
        self.asked.push((path.to_owned(), header("range")));
        if let Some(to) = self.moved.get(path) {
            let moved = Response::builder().status(302).header("location", to);
            return moved.body(Body::empty()).expect("an answer");
        }
        let Some(content) = self.files.get(path) else {
            return Response::builder().status(404).body(Body::from("not here")).expect("an answer");
        };
        let tag =
            format!("\"{:x}\"", content.iter().fold(7_u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(*b))));
        let start = header("range").and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let start = start.filter(|_| !self.whole_only && header("if-range").as_ref() == Some(&tag)).unwrap_or(0);
        let rest = content[start..].to_vec();
        let mut answer = Response::builder().header("etag", tag).header("content-length", rest.len());
        if start > 0 {
            let range = format!("bytes {start}-{}/{}", content.len() - 1, content.len());
            answer = answer.status(206).header("content-range", range);
        }
        let body = if path.ends_with(".tgz") && self.breaks > 0 {
            self.breaks -= 1;
            let half = Bytes::from(rest[..rest.len() / 2].to_vec());
            // The first half must be sent before the client sees the broken connection.
            let pieces = futures::stream::unfold(0, move |at| {
                let half = half.clone();
                let broken = std::io::Error::other("broken off");
                async move {
                    match at {
                        0 => Some((Ok(half), 1)),
                        1 => {
                            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                            Some((Err(broken), 2))
                        }
                        _ => None,
                    }
                }
            });
            Body::from_stream(pieces)
        } else {
            Body::from(rest)
        };
        answer.body(body).expect("an answer")
    }
}
