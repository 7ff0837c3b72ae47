use std::path::Path;

use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use super::*;
use crate::auth::context::auth_contexts;
use crate::world::{KEY, World, pem};

/// The header and the claims of an assertion whose signature is good.
fn verified(assertion: &str) -> (Value, Value) {
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, KEY.public_key())
        .verify(signed.as_bytes(), &decoded(signature))
        .expect("the key of the document signed it");
    let (header, claims) = signed.split_once('.').unwrap();
    let parsed = |text: &str| serde_json::from_slice(&decoded(text)).unwrap();
    (parsed(header), parsed(claims))
}

fn document() -> Document {
    let text = json!({"type": "service_account", "client_email": "robot@example", "private_key": pem(), "private_key_id": "id-1"});
    Document::parse(&text.to_string().into()).unwrap()
}

#[test]
fn an_assertion_says_who_what_and_until_when() {
    let contexts = auth_contexts(
        r#"{"plain": {"type": "service_account"},
            "acting": {"type": "service_account", "sub": "person@example", "scopes": ["a", "b"]}}"#,
    )
    .unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_010);
    let asked =
        |name: &str| verified(document().assertion(&contexts[name], "https://tokens", now).unwrap().expose_secret());
    let (header, claims) = asked("plain");
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "id-1"}));
    let plain =
        json!({"iss": "robot@example", "scope": SCOPE, "aud": "https://tokens", "iat": 1_000_000, "exp": 1_003_600});
    assert_eq!(claims, plain);
    let (_, claims) = asked("acting");
    assert_eq!((&claims["sub"], &claims["scope"]), (&json!("person@example"), &json!("a b")));
}

#[tokio::test]
async fn an_assertion_buys_a_token() {
    let world = World::open(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth/google_key_file"))).await;
    let text = world.file("fs/key.json").unwrap();
    let client = Client::new(world.settings.clone()).unwrap();
    let auth = stackql_provider::Auth::default();
    let of = client.authorisers.for_service(&world.settings, "p", &auth).unwrap();
    exchange(&of, &client, &text.into()).await.unwrap();
    let asked = world.server.bodies();
    let fields: Vec<_> = url::form_urlencoded::parse(asked[0].as_bytes()).into_owned().collect();
    assert_eq!(fields[0], ("grant_type".to_owned(), JWT_BEARER.to_owned()));
    let (_, claims) = verified(&fields[1].1);
    assert_eq!(claims["aud"], json!(format!("{}/token", world.server.url)));
}
