use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::*;
use crate::auth::context::auth_contexts;
use crate::world::{KEY, World, pem};
use crate::{Environment, auth};

fn identity() -> OciSigner {
    let context = serde_json::json!({"p": {"type": "oci_signing_v1", "tenancy_ocid": "t", "user_ocid": "u", "fingerprint": "aa:bb", "private_key": pem()}});
    OciSigner::find(&auth_contexts(&context.to_string()).unwrap()["p"].oci, &Environment::new()).unwrap()
}

/// A request of these, signed.
fn signed(method: Method, content_type: Option<&str>, body: &'static str) -> Request<Bytes> {
    let mut built = Request::builder().method(method).uri("https://h.example:8443/20160918/vcns?a=b%20c&d=e");
    built = built.header("host", "h.example:8443");
    if let Some(content_type) = content_type {
        built = built.header("content-type", content_type);
    }
    let mut request = built.body(Bytes::from_static(body.as_bytes())).unwrap();
    identity().sign(&mut request, SystemTime::UNIX_EPOCH + Duration::from_secs(86_400)).unwrap();
    request
}

/// The signature of `request` is good for `text`; what else the header says.
fn verified(request: &Request<Bytes>, text: &str) -> String {
    let header = &request.headers()["authorization"];
    assert!(header.is_sensitive());
    let (said, signature) = header.to_str().unwrap().split_once(",signature=\"").unwrap();
    let signature = STANDARD.decode(signature.trim_end_matches('"')).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, KEY.public_key())
        .verify(text.as_bytes(), &signature)
        .expect("the key signed this text");
    said.to_owned()
}

#[test]
fn a_read_signs_date_target_and_host() {
    let text =
        "date: Fri, 02 Jan 1970 00:00:00 GMT\n(request-target): get /20160918/vcns?a=b%20c&d=e\nhost: h.example:8443";
    assert_eq!(
        verified(&signed(Method::GET, None, ""), text),
        r#"Signature version="1",keyId="t/u/aa:bb",algorithm="rsa-sha256",headers="date (request-target) host""#
    );
    verified(&signed(Method::DELETE, None, ""), &text.replace(": get ", ": delete "));
}

#[test]
fn a_write_signs_what_is_said_of_its_body_too() {
    let text = |method: &str, length: usize, kind: &str, digest: &str| {
        format!(
            "date: Fri, 02 Jan 1970 00:00:00 GMT\n(request-target): {method} /20160918/vcns?a=b%20c&d=e\nhost: h.example:8443\ncontent-length: {length}\ncontent-type: {kind}\nx-content-sha256: {digest}"
        )
    };
    // The digests are those that sha256sum and base64 give.
    let (of_braces, of_nothing) =
        ("RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let said = verified(&signed(Method::POST, None, "{}"), &text("post", 2, "application/json", of_braces));
    assert!(said.ends_with(r#"headers="date (request-target) host content-length content-type x-content-sha256""#));
    let own = signed(Method::PUT, Some("text/plain"), "");
    verified(&own, &text("put", 0, "text/plain", of_nothing));
    verified(&signed(Method::PATCH, None, "{}"), &text("patch", 2, "application/json", of_braces));
}

#[tokio::test]
async fn what_is_signed_is_what_arrives() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth/oci_file");
    let world = World::open(Path::new(folder)).await;
    let endpoint_url = Some(format!("{}/api", world.server.url));
    let client = crate::Client::new(crate::Settings { endpoint_url, ..world.settings.clone() }).unwrap();
    let request = auth::tests::request(stackql_provider::Auth::default(), "POST");
    stackql_call::Transport::send(&client, &request).await.unwrap();
    let calls = world.server.calls();
    let header = |name: &str| calls.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap();
    let text = format!(
        "date: {}\n(request-target): post /api/\nhost: {}\ncontent-length: 0\ncontent-type: {}\nx-content-sha256: {}",
        header("date"),
        world.server.place(),
        header("content-type"),
        header("x-content-sha256"),
    );
    let (_, signature) = header("authorization").split_once(",signature=\"").unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, KEY.public_key())
        .verify(text.as_bytes(), &STANDARD.decode(signature.trim_end_matches('"')).unwrap())
        .unwrap();
}
