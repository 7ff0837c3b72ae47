use std::sync::Arc;

use stackql_provider::{Location, Member, Method, NextPage, Paging, Parameter, RequestShape, Resource, ValueStyle};

use super::*;

fn masks(parameters: Vec<Parameter>, types: Types, paging: Option<Paging>) -> Redactor {
    let method = Method { name: "m".into(), operation: "m".into(), parameters, paging, ..Method::default() };
    let resource = Resource { name: "r".into(), methods: vec![method], types, ..Resource::default() };
    let operation = Operation::new(Arc::default(), Arc::default(), resource.into(), "m").unwrap();
    Redactor::for_operation(&operation)
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
        assert_eq!(masks.redact_text(text), expected);
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
    assert_eq!(pages.redact_text(text), r#"{"token": "t", "password": "****"}"#);
    assert_eq!(single.redact_text(text), r#"{"token": "****", "password": "****"}"#);
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
        assert_eq!(masks.redact_request(text), expected);
        assert_eq!(masks.redact_text(text), text, "an answer's token is a row's value");
    }
}

fn marked(secrets: &[(&str, &str)]) -> Redactor {
    let secret = |(parent, name): &(&str, &str)| Secret {
        parent: Some((*parent).to_owned()).filter(|parent| !parent.is_empty()),
        name: (*name).to_owned(),
    };
    let place = |wire: &str, location, style| Parameter { wire: wire.into(), location, style, ..Parameter::default() };
    let method = Method {
        name: "m".into(),
        secrets: secrets.iter().map(secret).collect(),
        parameters: vec![
            place("code", Location::Path, ValueStyle::Joined),
            place("file", Location::Path, ValueStyle::Slashed),
        ],
        request: RequestShape { path: "/ships/{code}/files/{file}/x.y".into(), ..RequestShape::default() },
        ..Method::default()
    };
    let resource = Resource { name: "r".into(), methods: vec![method], ..Resource::default() };
    Redactor::for_operation(&Operation::new(Arc::default(), Arc::default(), resource.into(), "m").unwrap())
}

#[test]
fn what_the_definition_marks_is_masked_where_it_is_marked_and_nowhere_else() {
    let masks = marked(&[("", "Data"), ("user", "pin"), ("", "thing"), ("", "codes")]);
    let cases = [
        // A parameter, a member of the answer.
        (r#"{"Data": "x", "a": {"Data": "y"}}"#, r#"{"Data": "****", "a": {"Data": "y"}}"#),
        // At any depth below the one it is marked in, also in lists and maps.
        (
            r#"{"user": [{"k": {"pin" : "a\"b", "id": 1}}, {"pin":7}], "pin": "c"}"#,
            r#"{"user": [{"k": {"pin" : "****", "id": 1}}, {"pin":0}], "pin": "c"}"#,
        ),
        // All that is inside.
        (
            r#"{"thing": {"a": ["b", 1.5, true, null], "c": {"d": "e"}}, "codes": ["f", "g"]}"#,
            r#"{"thing": {"a": ["****", 0, true, null], "c": {"d": "****"}}, "codes": ["****", "****"]}"#,
        ),
        // A name in another spelling of JSON; members of one name; several documents.
        (
            "{\"\\u0044ata\": \"x\"}\n {\"Data\": \"y\", \"Data\": \"z\"}\n",
            "{\"\\u0044ata\": \"****\"}\n {\"Data\": \"****\", \"Data\": \"****\"}\n",
        ),
        // What cannot be read hides more rather than less.
        (r#"{"a": {"Data": "y"}, "user": {"pin": "c"}, "#, r#"{"a": {"Data****"#),
        (r#"{"a": 1, "thing": {"b": {"c": "d"#, r#"{"a": 1, "thing****"#),
        (r#"{"a": "Data", "Datax": "y", "b": "#, r#"{"a": "Data****"#),
        // XML, whose answers have elements of their own around them.
        (
            "<R><S><Data>a&amp;b<![CDATA[c]]>d</Data><user><item><n:pin e='f'>g</n:pin><pin/></item></user></S></R>",
            "<R><S><Data>****</Data><user><item><n:pin e='f'>****</n:pin><pin/></item></user></S></R>",
        ),
        ("<R><a><b><Data>x</Data><pin>y</pin></b></a></R>", "<R><a><b><Data>x</Data><pin>y</pin></b></a></R>"),
        ("<R><thing>\n <a>x</a>\n</thing></R>", "<R><thing>\n <a>****</a>\n</thing></R>"),
        ("<R><a><b><Data>x</Data>", "<R><a><b><Data****"),
        ("<R><Datax>x</Datax><n:thing a='b'><c>d", "<R><Datax>x</Datax><n:thing****"),
        // Forms.
        (
            "A=1&Data=x&user.1.pin=y&pin=z&thing.a.1=b&codes.1=c",
            "A=1&Data=****&user.1.pin=****&pin=z&thing.a.1=****&codes.1=****",
        ),
        // By its name, as ever.
        (r#"{"a": {"password": "x"}, "Data": "y"}"#, r#"{"a": {"password": "****"}, "Data": "****"}"#),
        ("", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(masks.redact_text(text), expected);
        assert_eq!(masks.redact_request(text), expected);
    }
    assert_eq!((masks.value("Data", "x"), masks.value("pin", "x")), ("****", "x"));
    assert_eq!((masks.header("data", "x"), masks.header("pin", "x")), ("****", "x"));
    assert_eq!(masks.redact_url("http://h/ships/a/files/b/x.y"), "http://h/ships/a/files/b/x.y");
    let deep = format!("{}{{\"Data\": \"x\"}}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!masks.redact_text(&deep).contains("\"x\""));
}

#[test]
fn a_secret_of_a_path_is_masked_in_addresses() {
    let masks = marked(&[("", "code")]);
    assert_eq!(
        masks.redact_url("http://h:1/base/ships/a%2Fb/files/c/d/x.y?e=f"),
        "http://h:1/base/ships/****/files/c/d/x.y?e=f"
    );
    assert_eq!(masks.redact_url("/ships/a/files/c/x.y"), "/ships/****/files/c/x.y");
    assert_eq!(masks.redact_url("/another"), "****");
    let masks = marked(&[("", "file")]);
    assert_eq!(masks.redact_url("/ships/a/files/c/d/x.y?e=f"), "/ships/a/files/****/x.y?e=f");
}
