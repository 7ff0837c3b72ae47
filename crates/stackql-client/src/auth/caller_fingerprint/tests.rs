use serde_json::json;
use stackql_call::{Payload, Request};
use stackql_provider::Auth;

use crate::auth::tests::request;
use crate::world::{Server, pem};
use crate::{CallerIdentity, Client, Environment, Settings, auth_contexts};

/// The identity of a request of a new client to `url` under a context, with these variables; checked to have no secret.
async fn identity(context: &str, environment: &[(&str, &str)], url: &str, asked: &Request) -> Option<String> {
    let auth = match context {
        "" => Default::default(),
        context => auth_contexts(&format!("{{\"p\": {context}}}")).unwrap(),
    };
    let environment: Environment = environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let endpoint_url = Some(url.to_owned());
    let settings = Settings { auth, environment, endpoint_url, allow_insecure: true, ..Settings::default() };
    let identity = Client::new(settings).unwrap().identity(asked).await.unwrap()?;
    assert!(identity.len() == 64 && identity.bytes().all(|byte| byte.is_ascii_hexdigit()), "{identity}");
    Some(identity)
}

/// Checks that all these are somebody else, and each the same in another client.
async fn check(all: &[(&str, &[(&str, &str)])], asked: &Request) {
    let mut seen = Vec::new();
    for (context, environment) in all {
        let one = identity(context, environment, "http://127.0.0.1:1", asked).await;
        assert_eq!(one, identity(context, environment, "http://127.0.0.1:1", asked).await, "{context}");
        assert!(!seen.contains(&one), "{context} {environment:?}");
        assert_ne!(one, identity(context, environment, "http://127.0.0.1:2", asked).await, "{context}");
        seen.push(one);
    }
}

#[tokio::test]
async fn whoever_has_other_credentials_is_somebody_else() {
    let (a, b): (&[_], &[_]) = (&[("K", "hush-a")], &[("K", "hush-b")]);
    let all: &[(&str, &[(&str, &str)])] = &[
        (r#"{"type": "null_auth"}"#, &[]),
        (r#"{"type": "api_key", "credentialsenvvar": "K"}"#, a),
        (r#"{"type": "api_key", "credentialsenvvar": "K"}"#, b),
        (r#"{"type": "api_key", "credentialsenvvar": "K", "location": "query", "name": "k"}"#, a),
        (r#"{"type": "api_key", "credentialsenvvar": "K", "name": "x-key"}"#, a),
        (r#"{"type": "bearer", "credentialsenvvar": "K"}"#, a),
        (r#"{"type": "bearer", "credentialsenvvar": "K"}"#, b),
        (r#"{"type": "basic", "username": "u", "password": "hush-a"}"#, &[]),
        (r#"{"type": "basic", "username": "u", "password": "hush-b"}"#, &[]),
        (r#"{"type": "basic", "username": "v", "password": "hush-a"}"#, &[]),
        (
            r#"{"type": "custom", "credentialsenvvar": "K", "name": "x", "successor": {"credentialsenvvar": "L", "name": "y"}}"#,
            &[("K", "hush-a"), ("L", "hush-a")],
        ),
        (
            r#"{"type": "custom", "credentialsenvvar": "K", "name": "x", "successor": {"credentialsenvvar": "L", "name": "y"}}"#,
            &[("K", "hush-a"), ("L", "hush-b")],
        ),
        (r#"{"type": "aws_signing_v4", "keyID": "A", "credentialsenvvar": "K"}"#, a),
        (r#"{"type": "aws_signing_v4", "keyID": "B", "credentialsenvvar": "K"}"#, a),
    ];
    check(all, &request(Auth::default(), "GET")).await;
}

#[tokio::test]
async fn keys_of_the_environment_tell_who_asks_where_no_context_does() {
    let auth = Auth { scheme: "aws_signing_v4".into(), ..Auth::default() };
    let keys = |id| [("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", "hush"), ("HOME", "/none")];
    check(&[("", &keys("A")), ("", &keys("B"))], &request(auth, "GET")).await;
}

#[tokio::test]
async fn a_database_is_told_by_its_address_with_user_and_password() {
    let mut asked = request(Auth::default(), "GET");
    asked.payload = Payload::Query { text: "SELECT 1".into(), values: vec![] };
    let context = |dsn: &str| json!({"type": "sql_data_source::postgres", "sqlDataSource": {"dsn": dsn}}).to_string();
    let mut seen = Vec::new();
    for dsn in ["postgres://u:hush@h/d", "postgres://v:hush@h/d", "postgres://u:hush@h/e"] {
        let one = identity(&context(dsn), &[], "", &asked).await;
        assert_eq!(one, identity(&context(dsn), &[], "", &asked).await);
        assert!(one.is_some() && !seen.contains(&one), "{dsn}");
        seen.push(one);
    }
}

#[tokio::test]
async fn nobody_knows_who_a_program_asks_as() {
    let mut asked = request(Auth::default(), "GET");
    asked.payload = Payload::Command { program: "kubectl".into(), arguments: vec![] };
    assert_eq!(identity(r#"{"type": "null_auth"}"#, &[], "", &asked).await, None);
}

/// The token of another number each time.
fn tokens(count: usize) -> String {
    let exchange = |n| format!("###\nPOST /token\n\nHTTP 200\n\n{{\"access_token\": \"hush-{n}\"}}");
    (0..count).map(exchange).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn tokens_that_are_given_anew_do_not_make_somebody_else() {
    let server = Server::start(&tokens(4)).await;
    let token_url = format!("{}/token", server.url);
    let context = |id: &str| {
        json!({"type": "oauth2", "token_url": token_url, "client_id": id, "client_secret": "hush", "auth_style": 1})
            .to_string()
    };
    let asked = request(Auth::default(), "GET");
    let mut of = Vec::new();
    for id in ["a", "a", "b"] {
        of.push(identity(&context(id), &[], &server.url, &asked).await);
    }
    assert_eq!(of[0], of[1]);
    assert_ne!(of[0], of[2]);
    let scoped = context("a").replacen('{', r#"{"scopes": "s","#, 1);
    assert_ne!(of[0], identity(&scoped, &[], &server.url, &asked).await, "for less");
    assert_eq!(server.complaints(), "");
}

#[tokio::test]
async fn a_service_account_is_told_by_its_document() {
    let server = Server::start(&tokens(4)).await;
    let document = |email: &str| {
        let token_uri = format!("{}/token", server.url);
        json!({"type": "service_account", "client_email": email, "private_key": pem(), "token_uri": token_uri})
            .to_string()
    };
    let context = r#"{"type": "service_account", "credentialsenvvar": "K"}"#;
    let asked = request(Auth::default(), "GET");
    let mut of = Vec::new();
    for (context, email) in [
        (context, "a@x"),
        (context, "a@x"),
        (context, "b@x"),
        (r#"{"type": "service_account", "credentialsenvvar": "K", "sub": "c@x"}"#, "a@x"),
    ] {
        of.push(identity(context, &[("K", &document(email))], &server.url, &asked).await);
    }
    assert_eq!(of[0], of[1]);
    assert!(of[0] != of[2] && of[0] != of[3]);
    assert_eq!(server.complaints(), "");
}
