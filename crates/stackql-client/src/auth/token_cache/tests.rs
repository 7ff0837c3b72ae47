use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::ExposeSecret;
use stackql_call::{Response, Transport};
use stackql_provider::Auth;

use super::*;
use crate::auth::tests::request;
use crate::{Client, Settings, auth_contexts};

const CONTEXT: &str =
    r#"{"p": {"type": "oauth2", "token_url": "{server}/token", "client_id": "c", "client_secret": "hush"}}"#;

/// A provider whose tokens stand `expires_in` seconds, and which accepts those from `good` on.
struct Provider {
    url: String,
    tokens: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
}

impl Provider {
    async fn start(expires_in: u64, good: usize) -> Self {
        let (tokens, calls) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (given, called) = (Arc::clone(&tokens), Arc::clone(&calls));
        let token = move || async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let number = given.fetch_add(1, Ordering::SeqCst) + 1;
            format!(r#"{{"access_token": "{number}", "expires_in": {expires_in}}}"#)
        };
        let api = move |headers: http::HeaderMap| async move {
            called.fetch_add(1, Ordering::SeqCst);
            let number = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap().parse::<usize>();
            http::StatusCode::from_u16(if number.unwrap() < good { 401 } else { 200 }).unwrap()
        };
        let app = axum::Router::new().route("/token", axum::routing::post(token)).fallback(api);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, tokens, calls }
    }

    fn client(&self) -> Client {
        let auth = auth_contexts(&CONTEXT.replace("{server}", &self.url)).unwrap();
        Client::new(Settings { auth, endpoint_url: Some(self.url.clone()), ..Settings::default() }).unwrap()
    }

    /// Tokens given and calls made.
    fn counts(&self) -> (usize, usize) {
        (self.tokens.load(Ordering::SeqCst), self.calls.load(Ordering::SeqCst))
    }
}

/// The statuses of 20 calls at once.
async fn twenty(client: &Client) -> Vec<Vec<Option<u16>>> {
    let request = request(Auth::default(), "GET");
    let answers = futures::future::join_all((0..20).map(|_| client.send(&request))).await;
    let statuses = |answer: Response| answer.attempts.iter().map(|attempt| attempt.status).collect();
    answers.into_iter().map(|answer| statuses(answer.unwrap())).collect()
}

#[tokio::test]
async fn one_token_serves_all_calls_at_once_and_later_ones() {
    let provider = Provider::start(3600, 1).await;
    let client = provider.client();
    for _ in 0..2 {
        assert!(twenty(&client).await.iter().all(|statuses| *statuses == [Some(200)]));
    }
    assert_eq!(provider.counts(), (1, 40));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all() {
    let provider = Provider::start(3600, 2).await;
    assert!(twenty(&provider.client()).await.iter().all(|statuses| statuses.last() == Some(&Some(200))));
    assert_eq!(provider.counts().0, 2);
}

#[tokio::test]
async fn a_token_that_stays_refused_is_renewed_once_a_call() {
    let provider = Provider::start(3600, 100).await;
    let answer = provider.client().send(&request(Auth::default(), "GET")).await.unwrap();
    assert_eq!((answer.status, answer.attempts.len()), (401, 2));
    assert_eq!(provider.counts(), (2, 2));
}

#[tokio::test]
async fn a_token_is_renewed_a_little_before_it_ends() {
    let tokens = Arc::new(TokenCache::default());
    let given = AtomicUsize::new(0);
    let asked = async |life: u64| {
        let ask = async {
            let number = given.fetch_add(1, Ordering::SeqCst) + 1;
            Ok(Token::new(number.to_string(), Some(Duration::from_secs(life))))
        };
        tokens.token(ask).await.unwrap().0.value.expose_secret().to_owned()
    };
    assert_eq!((asked(0).await, asked(0).await), ("1".into(), "2".into()));
    assert_eq!((asked(90).await, asked(u64::MAX).await), ("3".into(), "3".into()));
    assert_eq!(given.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_failure_stands_for_all_who_wait() {
    let (tokens, asked) = (Arc::new(TokenCache::default()), AtomicUsize::new(0));
    let ask = || async {
        asked.fetch_add(1, Ordering::SeqCst);
        Err((stackql_call::TransportErrorKind::Credentials, "no".to_owned()))
    };
    let results = futures::future::join_all((0..20).map(|_| tokens.token(ask()))).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
