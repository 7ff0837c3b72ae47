use std::sync::Arc;

use stackql_provider::{Member, Method, NextPage, Paging, Parameter, Resource};

use super::*;

fn masks(parameters: Vec<Parameter>, types: Types, paging: Option<Paging>) -> Masks {
    let method = Method { name: "m".into(), operation: "m".into(), parameters, paging, ..Method::default() };
    let resource = Resource { name: "r".into(), methods: vec![method], types, ..Resource::default() };
    let operation = Operation::new(Arc::default(), Arc::default(), resource.into(), "m").unwrap();
    Masks::of(&operation)
}

#[test]
fn secrets_are_masked_by_name_and_the_rest_stays_byte_for_byte() {
    let cases = [
        (r#"{"access_token" : "a\"b", "expires_in": 3600}"#, r#"{"access_token" : "****", "expires_in": 3600}"#),
        (r#"{"clientSecret":"x","Client_Id":"y"}"#, r#"{"clientSecret":"****","Client_Id":"y"}"#),
        (
            r#"{"a": {"SecretAccessKey": "x", "SessionToken": "y"}}"#,
            r#"{"a": {"SecretAccessKey": "****", "SessionToken": "****"}}"#,
        ),
        (r#"{"password": 1234, "token": "t", "tokens": "t"}"#, r#"{"password": 0, "token": "****", "tokens": "t"}"#),
        (
            r#"{"password": true, "secret": null, "apiKey": {"id": "i"}}"#,
            r#"{"password": true, "secret": null, "apiKey": {"id": "i"}}"#,
        ),
        (r#"{"said": "{\"password\": \"x\", \"b\": \"y\"}"}"#, r#"{"said": "{\"password\": \"****\", \"b\": \"y\"}"}"#),
        (
            "<C><SecretAccessKey>x</SecretAccessKey><Id>y</Id></C>",
            "<C><SecretAccessKey>****</SecretAccessKey><Id>y</Id></C>",
        ),
        (r#"<ns:Password a="b">x</ns:Password>"#, r#"<ns:Password a="b">****</ns:Password>"#),
        ("<resetPassword>false</resetPassword><Password/>", "<resetPassword>false</resetPassword><Password/>"),
        ("client_secret=x&grant_type=y&password=z", "client_secret=****&grant_type=y&password=****"),
        ("Action=A&MasterUserPassword=x&Spec.Password=y", "Action=A&MasterUserPassword=****&Spec.Password=****"),
        ("see https://h/p?X-Amz-Signature=x&b=1 there", "see https://h/p?X-Amz-Signature=****&b=1 there"),
        (
            r#"{"nextToken": "n", "PasswordPolicy": "p", "passwordLastUsed": "2026"}"#,
            r#"{"nextToken": "n", "PasswordPolicy": "p", "passwordLastUsed": "2026"}"#,
        ),
        ("token", "token"),
        ("", ""),
    ];
    let masks = masks(Vec::new(), Types::default(), None);
    for (text, expected) in cases {
        assert_eq!(masks.text(text), expected);
    }
}

#[test]
fn headers_with_credentials_are_masked() {
    let masks = masks(Vec::new(), Types::default(), None);
    for name in [
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "Set-Cookie",
        "X-Amz-Security-Token",
        "X-Api-Key",
        "x-auth-token",
        "api_secret",
    ] {
        assert_eq!(masks.header(name, "x"), "****", "{name}");
    }
    for name in ["content-type", "x-ms-continuation-token", "x-next-token", "etag", "x-amzn-requestid"] {
        assert_eq!(masks.header(name, "x"), "x", "{name}");
    }
}

#[test]
fn a_token_that_leads_to_the_next_page_is_no_secret() {
    let paging = Paging { next: NextPage::Offset { parameter: "o".into() }, size: None };
    let (pages, single) =
        (masks(Vec::new(), Types::default(), Some(paging)), masks(Vec::new(), Types::default(), None));
    let text = r#"{"token": "t", "password": "p"}"#;
    assert_eq!(pages.text(text), r#"{"token": "t", "password": "****"}"#);
    assert_eq!(single.text(text), r#"{"token": "****", "password": "****"}"#);
    assert_eq!((pages.value("token", "t"), single.value("token", "t")), ("t", "****"));
}

#[test]
fn idempotency_tokens_are_left_out_of_questions_wherever_they_stand() {
    let mut types = Types::default();
    let string = types.push(Type::String);
    let inner = types.push(Type::Any);
    let token =
        |name: &str| Member { request_wire: name.into(), ty: string, idempotency_token: true, ..Member::default() };
    let itself = Member { ty: inner, ..Member::default() };
    types.set(inner, Type::Structure { members: vec![token("Nonce"), itself] });
    let list = types.push(Type::List { item: inner, item_wire: None, flattened: false });
    let parameter = |wire: &str, ty, idempotency_token| Parameter {
        wire: wire.into(),
        ty,
        idempotency_token,
        ..Parameter::default()
    };
    let masks = masks(vec![parameter("ClientToken", string, true), parameter("Things", list, false)], types, None);
    let cases = [
        ("A=1&ClientToken=x&Things.1.Nonce=y", "A=1&ClientToken={token}&Things.1.Nonce={token}"),
        (
            r#"{"ClientToken": "x", "Things": [{"Nonce": "y"}]}"#,
            r#"{"ClientToken": "{token}", "Things": [{"Nonce": "{token}"}]}"#,
        ),
        ("<R><ClientToken>x</ClientToken></R>", "<R><ClientToken>{token}</ClientToken></R>"),
        ("/path?ClientToken=x&clienttoken=y", "/path?ClientToken={token}&clienttoken=y"),
    ];
    for (text, expected) in cases {
        assert_eq!(masks.question(text), expected);
        assert_eq!(masks.text(text), text, "an answer's token is a row's value");
    }
}
