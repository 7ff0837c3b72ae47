use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use stackql_call::Transport;

use super::*;
use crate::auth::tests::request;
use crate::{Settings, auth_contexts};

/// An API that keeps what it was authorised by, and gives tokens by number.
async fn api() -> (String, Arc<Mutex<Vec<String>>>) {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let given = Arc::new(AtomicUsize::new(0));
    let token = move || async move {
        let number = given.fetch_add(1, Ordering::SeqCst) + 1;
        format!(r#"{{"access_token": "t-{number}", "expires_in": 3600}}"#)
    };
    let kept = Arc::clone(&seen);
    let any = move |headers: http::HeaderMap| async move {
        let sent = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        kept.lock().unwrap().push(sent.unwrap_or_default());
    };
    let app = axum::Router::new().route("/token", axum::routing::post(token)).fallback(any);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, seen)
}

fn client(url: &str, contexts: &str, variables: &[(&str, &str)]) -> Client {
    let auth = auth_contexts(contexts).unwrap();
    let environment: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Client::new(Settings { auth, environment, endpoint_url: Some(url.to_owned()), ..Settings::default() }).unwrap()
}

#[tokio::test]
async fn a_key_of_a_context_counts_for_the_requests_that_follow() {
    let (url, seen) = api().await;
    let client = client(&url, "{}", &[("KEY", "hush-1"), ("OTHER", "hush-2")]);
    let context = r#"{"type": "api_key", "credentialsenvvar": "KEY", "valuePrefix": "Token "}"#;
    let auth = Auth { context: Some(context.to_owned()), ..Auth::default() };
    let shown = || client.credential_info("p", &auth).map(|found| format!("{}: {}", found.scheme, found.source));
    let send = async || client.send(&request(auth.clone(), "GET")).await.map_err(|error| error.message);
    send().await.unwrap();
    assert_eq!(shown().unwrap(), "api_key: the variable KEY, as the definitions say");
    client.set("p", &auth, "credentialsenvvar", "OTHER").unwrap();
    send().await.unwrap();
    assert_eq!(shown().unwrap(), "api_key: the variable OTHER, as you said");
    for (key, value) in [("type", "bearer"), ("credentialsenvvar", "KEY")] {
        client.set("p", &auth, key, value).unwrap();
    }
    send().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["Token hush-1", "Token hush-2", "Bearer hush-1"]);
    for (key, value, said) in [
        ("api_kee", "hush", "the auth context of provider p has no key 'api_kee'; look it up in docs/auth.md"),
        (
            "successor",
            "hush",
            "the auth context of provider p takes no such value as successor; look it up in docs/auth.md",
        ),
    ] {
        let error = client.set("p", &auth, key, value).unwrap_err();
        assert_eq!(error.message, said);
    }
    assert!(client.set("p", &auth, "type", "hush-kind").unwrap_err().message.contains("no auth type"));
    send().await.unwrap();
    assert!(!format!("{client:?} {:?}", shown()).contains("hush"));
}

#[tokio::test]
async fn what_is_given_up_is_not_asked_before_it_is_taken_again() {
    let (url, seen) = api().await;
    let context = r#"{"p": {"type": "oauth2", "token_url": "{url}/token", "client_id": "c", "client_secret": "hush"}}"#;
    let client = client(&url, &context.replace("{url}", &url), &[]);
    let (auth, request) = (Auth::default(), request(Auth::default(), "GET"));
    client.send(&request).await.unwrap();
    client.revoke("p").await;
    let error = client.send(&request).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Credentials);
    assert_eq!(error.message, "provider p: its credentials were given up; AUTH LOGIN p takes them again");
    assert_eq!(client.credential_info("p", &auth).unwrap().source, "given up; AUTH LOGIN p takes it again");
    let said = client.log_in("p", &auth, &["read".to_owned(), "write".to_owned()]).await.unwrap();
    assert_eq!(said, "oauth2 with a token that stands for 3600 s, from the auth context itself, as you said");
    client.send(&request).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_login_that_fails_changes_nothing() {
    let (url, _) = api().await;
    let client = client(&url, r#"{"p": {"type": "bearer", "credentialsenvvar": "NONE"}}"#, &[]);
    let auth = Auth::default();
    let error = client.log_in("p", &auth, &[]).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Credentials);
    assert!(error.message.contains("NONE"), "{}", error.message);
    client.revoke("p").await;
    client.log_in("p", &auth, &[]).await.unwrap_err();
    assert!(client.send(&request(auth, "GET")).await.unwrap_err().message.contains("given up"));
}

#[tokio::test]
async fn keys_that_sign_are_told_by_their_name() {
    let (url, _) = api().await;
    let variables = [("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_SECRET_ACCESS_KEY", "hush")];
    let client = client(&url, "{}", &variables);
    let auth = Auth { scheme: "aws_signing_v4".into(), ..Auth::default() };
    let said = client.log_in("p", &auth, &[]).await.unwrap();
    assert!(said.starts_with("aws_signing_v4 with the access key AKIA1, from variables"), "{said}");
    assert_eq!(client.log_in("q", &Auth::default(), &[]).await.unwrap(), "requests carry no credentials");
}
