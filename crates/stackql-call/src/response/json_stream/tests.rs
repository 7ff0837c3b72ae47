use super::*;
use crate::response::path_search::texts;

/// What stands at these dotted paths.
fn found(body: &str, paths: &[&str]) -> Vec<Option<String>> {
    let paths: Vec<Vec<String>> = paths.iter().map(|path| path.split('.').map(str::to_owned).collect()).collect();
    let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    texts(body.as_bytes(), &paths).unwrap()
}

fn check(body: &str, path: &str, expected: Option<&str>) {
    assert_eq!(found(body, &[path]), [expected.map(str::to_owned)], "{body}");
}

#[test]
fn a_value_is_found_by_its_path() {
    check(r#"{"a": {"b": "x\ny"}}"#, "a.b", Some("x\ny"));
    check(r#"{"a": {"b": 12345678901234567890}}"#, "a.b", Some("12345678901234567890"));
    check(r#"{"a": {"b": { "c": [1, 2] }}}"#, "a.b", Some(r#"{"c":[1,2]}"#));
    check(r#"{"a": {"c": 1}, "b": 2}"#, "a.b", None);
    check(r#"{"a": "text"}"#, "a.b", None);
    check("[]", "a", None);
}

#[test]
fn null_false_and_empty_texts_are_none() {
    for nothing in ["null", "false", "\"\""] {
        check(&format!("{{\"a\": {nothing}}}"), "a", None);
    }
}

#[test]
fn the_first_counts_and_lists_are_passed_through() {
    check(r#"{"a": 1, "a": 2}"#, "a", Some("1"));
    check(r#"{"errors": [{}, {"code": 7}, {"code": 8}]}"#, "errors.code", Some("7"));
}

#[test]
fn paths_may_end_inside_one_another() {
    let body = r#"{"a": {"b": 1}, "c": 2}"#;
    let wanted = [Some(r#"{"b":1}"#.to_owned()), Some("1".to_owned()), Some("2".to_owned())];
    assert_eq!(found(body, &["a", "a.b", "c"]), wanted);
}

#[test]
fn white_space_goes_from_between_the_parts_only() {
    let raw: &RawValue = serde_json::from_str("{ \"a b\" :\t[ 1 ,\r\n\"x \\\" y\\\\\" , { } ] }").unwrap();
    let mut out = String::new();
    compact::<serde_json::Error>(raw, &mut out).unwrap();
    assert_eq!(out, r#"{"a b":[1,"x \" y\\",{}]}"#);
}
