use serde_json::json;
use stackql_provider::StatusCondition::{All, Answered, Any, Is, IsNot};

use super::*;

fn path(dotted: &str) -> Vec<String> {
    dotted.split('.').map(str::to_owned).collect()
}

#[test]
fn conditions_hold_of_a_document_and_its_status() {
    let document = json!({"status": "Done", "done": true, "progress": 100, "error": null, "parts": [{"ready": false}]});
    let state = State { status: 202, document };
    let is = |at: &str, value: &str| Is(path(at), Some(value.to_owned()));
    let is_not = |at: &str, value: &str| IsNot(path(at), Some(value.to_owned()));
    for holds in [
        is("status", "DONE"),
        is("done", "true"),
        is("progress", "100"),
        is("parts.0.ready", "false"),
        is_not("status", "FAILED"),
        is_not("nowhere", "x"),
        Is(path("error"), None),
        Is(path("nowhere.at.all"), None),
        IsNot(path("parts"), None),
        All(vec![is("done", "true"), is("status", "done")]),
        Any(vec![is("done", "false"), is("status", "done")]),
        All(Vec::new()),
    ] {
        assert!(state.holds(&holds), "{holds:?}");
    }
    for fails in [
        is("status", "RUNNING"),
        is("parts", "[]"),
        is_not("done", "true"),
        IsNot(path("error"), None),
        Is(path("status"), None),
        All(vec![is("done", "true"), is("status", "x")]),
        StatusCondition::NEVER,
        Answered,
    ] {
        assert!(!state.holds(&fails), "{fails:?}");
    }
    assert!(State { status: 200, document: Json::Null }.holds(&Answered));
}

#[test]
fn only_the_path_of_a_link_counts() {
    for (link, path) in [
        ("https://www.example.com/compute/v1/op?x=1", "/compute/v1/op?x=1"),
        ("https://www.example.com", "/"),
        ("//www.example.com/a", "/a"),
        ("/a//b", "/a//b"),
        ("/a?back=https://b/c", "/a?back=https://b/c"),
        ("a/b", "a/b"),
    ] {
        assert_eq!(path_of(link), path, "{link}");
    }
}
