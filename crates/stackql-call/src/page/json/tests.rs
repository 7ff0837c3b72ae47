use proptest::prelude::*;
use stackql_provider::{Column, TimeFormat, Type, Types};

use crate::RowProjection;
use crate::page::page_builder::{MARKS, PageBuilder, ResponseLayout};
use crate::response::sniff::ParseError;

const NAMES: [&str; 6] = ["id", "size", "price", "on", "made", "tags"];

fn plan(extra: bool) -> RowProjection {
    let mut types = Types::default();
    let shapes =
        [Type::String, Type::Integer, Type::Number, Type::Boolean, Type::Timestamp(TimeFormat::Rfc3339), Type::Any];
    let column = |(name, ty): (&str, Type)| Column {
        name: name.to_owned(),
        wire: name.to_owned(),
        ty: types.push(ty),
        ..Column::default()
    };
    let columns: Vec<Column> = NAMES.into_iter().zip(shapes).map(column).collect();
    RowProjection::new(&types, &columns, extra)
}

/// How many rows stand at this dotted path, and what is marked.
fn rows(body: &[u8], path: &str) -> Result<(usize, [Option<String>; MARKS]), ParseError> {
    let path: Vec<String> = path.split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect();
    let [next, id] = [["meta".to_owned(), "next".to_owned()], ["meta".to_owned(), "id".to_owned()]];
    let places =
        ResponseLayout { outermost: "", rows: &path, siblings: &[], members: Vec::new(), markers: [&next, &id, &[]] };
    let plan = plan(true);
    let mut answer = PageBuilder::new(&plan);
    answer.json(body, &places)?;
    let marks = std::mem::take(&mut answer.markers);
    let batch = answer.builders.finish().map_err(|e| ParseError { at: 0, reason: e.to_string() })?;
    for text in arrow::array::AsArray::as_string::<i32>(batch.column(5)).iter().flatten() {
        assert!(serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok(), "{text}");
    }
    Ok((batch.num_rows(), marks))
}

fn count(body: &str, path: &str) -> usize {
    rows(body.as_bytes(), path).unwrap().0
}

fn reason(body: &str, path: &str) -> String {
    rows(body.as_bytes(), path).unwrap_err().reason
}

#[test]
fn rows_are_counted_along_their_path() {
    assert_eq!(count("[{}, {}]", ""), 2);
    assert_eq!(count("[{}, null]", ""), 2);
    assert_eq!(count("{}", ""), 1);
    assert_eq!(count("null", ""), 0);
    assert_eq!(count(r#"{"a": {"b": [{}]}, "b": [{}, {}]}"#, "a.b"), 1);
    assert_eq!(count(r#"{"a": {"x": {}, "y": {}}}"#, "a.*"), 2);
    assert_eq!(count(r#"{"a": [[{}, {}], [], [{}]]}"#, "a.*"), 3);
    assert_eq!(count(r#"{"a": [{}], "a": [{}, {}]}"#, "a"), 1);
    assert_eq!(count(r#"{"kind": "x", "y": {"b": [{}]}, "z": [{"b": {}}]}"#, "*.b"), 1);
}

#[test]
fn marks_are_found_before_behind_and_inside_rows() {
    let marks = |body: &str, path: &str| rows(body.as_bytes(), path).unwrap().1;
    let both = [Some("n".to_owned()), Some("7".to_owned()), None];
    let meta = r#""meta": {"next": "n", "id": 7}"#;
    assert_eq!(marks(&format!("{{{meta}, \"a\": []}}"), "a"), both);
    assert_eq!(marks(&format!("{{\"a\": [], {meta}}}"), "a"), both);
    assert_eq!(marks(&format!("{{\"id\": 1, {meta}}}"), ""), both);
    assert_eq!(marks(r#"{"meta": {"next": "n", "rows": [{}], "id": 7}}"#, "meta.rows"), both);
}

#[test]
fn nesting_is_bounded_where_it_is_kept() {
    let deep = |name: &str| format!("{{\"a\": [{{\"{name}\": {}{}}}]}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(reason(&deep("tags"), "a"), "nested too deeply");
    assert_eq!(reason(&deep("unknown"), "a"), "nested too deeply");
    assert_eq!(count(&format!("{{\"skipped\": {}{}, \"a\": []}}", "[".repeat(100_000), "]".repeat(100_000)), "a"), 0);
    let path = vec!["*"; 1000].join(".");
    assert!(reason(&"[".repeat(100_000), &path).contains("recursion limit exceeded"));
}

#[test]
fn what_is_no_json_says_so() {
    assert_eq!(reason("{} {}", ""), "not well-formed JSON: trailing characters");
    assert_eq!(reason("OK", ""), "not well-formed JSON: expected value");
    assert_eq!(rows(b"[\n{}", "").unwrap_err(), ParseError { at: 3, reason: "it ends in the middle".to_owned() });
    assert_eq!(rows(b"\xef\xbb\xbf[{}]", "").unwrap().0, 1);
    assert_eq!(rows(b"{\"a\": \"\xff\"}", "").unwrap_err().reason, "not UTF-8 text");
}

/// JSON of known and unknown names, and some that is none.
fn soup() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[0-9.eE+\\-]{1,6}",
        "\\PC{0,8}".prop_map(|text| serde_json::Value::from(text).to_string()),
        "\"[a-z\\\\u0-9\" ]{0,6}\"",
        Just("null".to_owned()),
        Just("true".to_owned()),
        "[\\[\\]{}\",: ]{0,3}",
    ];
    let name = prop::sample::select(NAMES.into_iter().chain(["a", "b", "meta", "next"]).collect::<Vec<_>>());
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let members = prop::collection::vec((name.clone(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(" , "))),
            members.prop_map(|members| {
                let members: Vec<String> = members.into_iter().map(|(n, v)| format!("\"{n}\" : {v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for path in ["", "a", "*", "a.*.b"] {
            let _ = rows(&body, path);
        }
    }

    /// Whatever the document: an error, or rows whose nested values are JSON.
    #[test]
    fn documents_never_panic(body in soup(), cut in 0usize..300) {
        for path in ["", "a", "*", "a.*.b", "meta.next"] {
            let _ = rows(body.as_bytes(), path);
            let _ = rows(&body.as_bytes()[..cut.min(body.len())], path);
        }
    }
}
