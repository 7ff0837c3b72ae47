use serde_json::json;

use super::*;
use crate::transform::meter::Budget;
use crate::transform::value::from_json;

fn check(format: &str, values: serde_json::Value, expect: &str) {
    let meter = Meter::new(Budget::for_body(0));
    let args: Vec<Value> =
        std::iter::once(json!(format)).chain(values.as_array().unwrap().iter().cloned()).map(from_json).collect();
    assert_eq!(printf(&meter, &args).unwrap(), expect, "{format} {values}");
}

#[test]
fn lists_and_maps_are_written_element_by_element() {
    check("%q", json!([["a", "b\"c"]]), r#"["a" "b\"c"]"#);
    check("%q", json!([["a"]]), r#"["a"]"#);
    check("%q", json!([[]]), "[]");
    check("%v|%s", json!([["a", "b"], ["a", "b"]]), "[a b]|[a b]");
    check("%v", json!([{"b": 2, "a": 1}]), "map[a:1 b:2]");
    check("%q", json!([{"b": "x", "a": ["y"]}]), r#"map["a":["y"] "b":"x"]"#);
    check("%v %s", json!([[null, true, 1.5], [null]]), "[<nil> true 1.5] [<nil>]");
    check("%s", json!([[1]]), "[%!s(float64=1)]");
    check("%d", json!([[1, [2]]]), "[1 [2]]");
    check("%3q|%-3s|", json!([["a"], ["b", "c"]]), "[\"a\"]|[b   c  ]|");
    check("100%% of %v, %s", json!([["a"], "b"]), "100% of [a], b");
    // What values there are besides is the engine's own.
    check("%v", json!([["a"], "b"]), "[a]%!(EXTRA string=b)");
    check("%v %v", json!([["a"]]), "[a] %!v(MISSING)");
    check("%v %", json!([["a"]]), "[a] %");
}

#[test]
fn types_have_their_names_of_go() {
    let all = json!([["a"], {"a": 1}, "a", 1, 1.5, true, null]);
    check("%T,%T,%T,%T,%T,%T,%T", all, "[]interface {},map[string]interface {},string,float64,float64,bool,<nil>");
    check("%-8T|%8T|%.3T", json!(["a", "a", "a"]), "string  |  string|str");
    check("T: %s", json!(["a"]), "T: a");
}

#[test]
fn a_wide_field_for_each_of_many_elements_costs_what_it_writes() {
    let meter = Meter::new(Budget::for_body(0));
    let many = Value::List(vec![Value::Int(1); 100_000].into());
    assert!(printf(&meter, &[Value::String("%9999d".into()), many]).is_err());
}
