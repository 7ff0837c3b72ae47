use super::{is_one, text, value};
use gotmpl::Value;
use serde_json::{Value as Json, json};

use crate::transform::value::from_json;

#[track_caller]
fn check_text(given: Json, written: &str) {
    assert_eq!(text(&from_json(given)).unwrap(), written);
}

#[track_caller]
fn check_value(given: Json, written: &str) {
    assert_eq!(value(&from_json(given)).unwrap(), written);
}

#[test]
fn texts_between_quotes_are_escaped() {
    check_text(json!("octo"), "octo");
    check_text(json!(r#"a") { x } #"#), r#"a\") { x } #"#);
    check_text(json!(r"ends in \"), r"ends in \\");
    check_text(json!("two\nlines\u{1}"), r"two\nlines\u0001");
    check_text(json!(7), "7");
    check_text(json!({"a": "b"}), r#"{\"a\":\"b\"}"#);
    check_text(Json::Null, "");
}

#[test]
fn values_outside_of_quotes_are_literals() {
    check_value(json!(7), "7");
    check_value(json!(true), "true");
    check_value(Json::Null, "null");
    check_value(json!("ASC"), "ASC");
    check_value(json!(["a\"b", 1, null]), r#"["a\"b", 1, null]"#);
    check_value(json!({"field": "STARS", "n": [1]}), r#"{field: "STARS", n: [1]}"#);
    assert!(value(&from_json(json!({"a b": 1}))).is_err());
    assert!(value(&Value::Function(std::sync::Arc::new(|_: &[Value]| Ok(Value::Nil)))).is_err());
}

#[test]
fn a_text_outside_of_quotes_is_one_value() {
    for one in ["ASC", "_x1", "-1.5e3", "true", r#""a\"b""#, r#""""#, "[1, 2]", r#"{ a: { b: "}" }, c: [D] }"#] {
        assert!(is_one(one), "{one}");
    }
    let more = [
        "",
        "1, first: 1",
        "a b",
        "a: b",
        "1) { x }",
        "}",
        "{ a: 1 } }",
        "{ a: 1",
        "[1}",
        "[1] [2]",
        r#""a"#,
        r#""a" b"#,
        r#"""""a""""#,
        "\"a\nb\"",
        "# a",
        "$a",
        "a@b",
        "{ ...a }",
        "1a",
        "é",
    ];
    for text in more {
        assert!(!is_one(text), "{text}");
    }
}
