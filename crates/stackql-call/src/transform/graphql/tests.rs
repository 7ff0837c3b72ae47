use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::LexicalContext;
use crate::transform::value::from_json;
use crate::transform::{Transform, TransformError, graphql_literal};

/// What a template writes, or why it is refused or fails.
#[track_caller]
fn check(template: &str, given: Json, written: &str) {
    let result = Transform::graphql(template, LexicalContext::Document, Some("cursor"))
        .and_then(|(transform, _)| transform.render(given.to_string().as_bytes()));
    let found = match result {
        Ok(text) => text,
        Err(TransformError::Unreadable { reason, .. } | TransformError::Failed { reason, .. }) => reason,
        Err(other) => other.to_string(),
    };
    assert_eq!(found, written);
}

#[test]
fn what_stands_between_quotes_stays_there() {
    let given = json!({"a": "x\"y", "b": "ASC", "list": ["p\"", "q"]});
    check(r#"{ f(a: "{{ .a }}", b: {{ .b }}) }"#, given.clone(), r#"{ f(a: "x\"y", b: ASC) }"#);
    check(r#"{ f(a: "\"{{ .a }}-{{ .b }}") }"#, given.clone(), r#"{ f(a: "\"x\"y-ASC") }"#);
    check(r#"{ f(a: "", b: {{ .b }}) }"#, given.clone(), r#"{ f(a: "", b: ASC) }"#);
    check(r#"{ f(a: [{{ range .list }}"{{ . }}",{{ end }}]) }"#, given.clone(), r#"{ f(a: ["p\"","q",]) }"#);
    check(r#"{ f(w: {{{ if .a }}a: "{{ .a }}"{{ end }}}) }"#, given.clone(), r#"{ f(w: {a: "x\"y"}) }"#);
    check(r#"{ f(a: {{ toJson .a }}, l: {{ toJson .list }}) }"#, given.clone(), r#"{ f(a: "x\"y", l: ["p\"","q"]) }"#);
    check(r#"{{ $a := .a }}{ f(a: "{{ $a }}{{ "\"" }}) }"#, given, r#"{ f(a: "x\"y") }"#);
    check(
        "\"\"\" it's \\\"\"\" \" \"\"\" # \"\n{ f(b: {{ .b }}) }",
        json!({"b": 1}),
        "\"\"\" it's \\\"\"\" \" \"\"\" # \"\n{ f(b: 1) }",
    );
}

#[test]
fn nothing_is_null_or_no_text() {
    check(r#"{ f(a: "{{ .a }}", b: {{ .b }}, c: {{ .c.d }}) }"#, json!({"c": {}}), r#"{ f(a: "", b: null, c: null) }"#);
}

#[test]
fn the_fragment_is_written_as_it_is() {
    let given = json!({"cursor": ", after: \"x\""});
    check("{ f(n: 1{{ .cursor }}) }", given.clone(), "{ f(n: 1, after: \"x\") }");
    check(
        "{ f(n: 1{{ with .cursor }}{{ . }}{{ end }}) }",
        given,
        "', after: \"x\"' stands outside of quotes, where it is not one value",
    );
}

#[test]
fn templates_whose_quotes_are_not_sure_are_refused() {
    let refused = |template: &str, reason: &str| check(template, json!({}), reason);
    refused(r#"{ f(a: "{{ if .a }}x"{{ end }}) }"#, "a text begins or ends in one branch only");
    refused(r#"{ f(a: {{ if .a }}"x"{{ else }}"y{{ end }}) }"#, "a text begins or ends in one branch only");
    refused(r#"{ f(a: {{ range .a }}"x{{ end }}) }"#, "a text begins or ends in one branch only");
    refused(r#"{ f(a: {{ range .a }}"x{{ else }}"y{{ end }}) }"#, "a turn of the loop ends in the middle of a text");
    refused(r#"{ f{{ range .a }}"x{{ break }}"{{ end }} }"#, "a turn of the loop ends in the middle of a text");
    refused(r#"{ f(a: "x) }"#, "it ends in the middle of a text");
    refused(r#"{ f(a: "\{{ .a }}") }"#, "a value stands behind a backslash");
    refused(r#"{ f(a: """{{ .a }}""") }"#, "a value stands between three quotes; put it between one");
    refused(r#"{ f{{ .cursor }} "{{ .cursor }}" }"#, "the cursor stands between quotes and outside of them");
    refused(r#"{{ define "x" }}"{{ end }}{ {{ template "x" }} }"#, "a query calls no other template; write it here");
}

proptest! {
    #[test]
    fn no_text_leaves_its_quotes(text in any::<String>()) {
        let written = graphql_literal::text(&from_json(json!(text))).unwrap();
        prop_assert_eq!(LexicalContext::Text.after(&written), LexicalContext::Text);
        prop_assert_eq!(LexicalContext::Comment.after(&written), LexicalContext::Comment);
        prop_assert!(!written.contains(|c: char| c < ' '));
        let read: String = serde_json::from_str(&format!("\"{written}\"")).unwrap();
        prop_assert_eq!(read, text);
    }

    #[test]
    fn no_value_leaves_its_place(text in r#"[\[\]{}":,a1 \\#.\n-]{0,16}"#) {
        if let Ok(written) = graphql_literal::value(&from_json(json!(text))) {
            prop_assert_eq!(LexicalContext::Document.after(&written), LexicalContext::Document);
            // It closes no bracket but its own.
            let (mut depth, mut quoted, mut escaped) = (0i32, false, false);
            for c in written.chars() {
                match c {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '"' => quoted = !quoted,
                    '[' | '{' if !quoted => depth += 1,
                    ']' | '}' if !quoted => depth -= 1,
                    _ => {}
                }
                prop_assert!(depth >= 0);
            }
        }
    }

    #[test]
    fn no_template_panics(template in r#"[{}"\\ .a#\n]{0,24}"#) {
        drop(Transform::graphql(&template, LexicalContext::Document, Some("cursor")));
    }
}
