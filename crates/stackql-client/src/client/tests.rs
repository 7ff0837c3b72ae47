use super::*;
use crate::auth_contexts;

#[test]
fn settings_never_print_a_secret() {
    let auth =
        auth_contexts(r#"{"p": {"type": "aws_signing_v4", "keyID": "K", "api_secret": "hush-hush"}}"#).expect("valid");
    let client = Client::new(Settings { auth, ..Settings::default() }).expect("client");
    assert!(!format!("{client:?}").contains("hush-hush"));
    let error = auth_contexts("{\"p\": \"hush-hush\"}").expect_err("wrong form");
    assert!(!format!("{error:?} {error}").contains("hush-hush"));
}
