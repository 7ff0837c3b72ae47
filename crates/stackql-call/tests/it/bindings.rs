//! Whatever is bound: an error, or a request that says just what was bound.

use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use stackql_call::{Bindings, Value, bind, request};

use crate::model::operation;

/// A parameter of every location and shape, two of them required.
fn document() -> Json {
    json!({
        "operation": "PutThing",
        "version": "1",
        "verb": "INSERT",
        "path": "/things/{id}",
        "scope": "region",
        "input": "Request",
        "shapes": {
            "Request": {"type": "structure", "required": ["Id", "Name"], "members": {
                "Id": {"shape": "String", "location": "uri", "locationName": "id"},
                "Depth": {"shape": "Integer", "location": "querystring", "locationName": "depth"},
                "Mode": {"shape": "String", "location": "header", "locationName": "x-mode"},
                "Name": {"shape": "String"},
                "On": {"shape": "Boolean"},
                "At": {"shape": "Timestamp"},
                "Filters": {"shape": "Filters", "locationName": "Filter"},
                "Token": {"shape": "String", "idempotencyToken": true},
            }},
            "Filters": {"type": "list", "member": {"shape": "Filter"}},
            "Filter": {"type": "structure", "members": {
                "Name": {"shape": "String"}, "Values": {"shape": "Strings", "locationName": "Value"},
            }},
            "Strings": {"type": "list", "member": {"shape": "String"}},
            "String": {"type": "string"},
            "Integer": {"type": "integer", "min": 0},
            "Boolean": {"type": "boolean"},
            "Timestamp": {"type": "timestamp"},
        },
    })
}

fn value() -> impl Strategy<Value = Value> {
    let filter = ("\\PC{0,5}", prop::collection::vec("\\PC{0,5}", 0..3));
    let filters = prop::collection::vec(filter.prop_map(|(n, v)| json!({"Name": n, "Values": v})), 0..3);
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Number),
        ".{0,12}".prop_map(Value::Text),
        Just(Value::Text("2026-01-31T12:00:00Z".to_owned())),
        filters.prop_map(|f| Value::Json(f.into())),
    ]
}

fn bindings() -> impl Strategy<Value = Bindings> {
    let names = ["region", "Id", "Depth", "Mode", "Name", "On", "At", "Filters", "Token"];
    let name = prop_oneof![20 => prop::sample::select(names.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,6}"];
    prop::collection::btree_map(name, value(), 0..8)
}

proptest! {
    #[test]
    fn a_call_says_what_was_bound(bindings in bindings()) {
        let (operation, _) = operation(&document());
        let Ok(call) = bind(operation, &bindings, &mut || "made".to_owned()) else { return Ok(()) };
        prop_assert!(call.argument("Id").is_some() && call.argument("Name").is_some() && call.argument("Token").is_some());
        let request = request(&call, None, None).unwrap();
        let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let body = std::str::from_utf8(&request.body).unwrap();
        let fields: Vec<(String, String)> =
            body.split('&').map(|pair| pair.split_once('=').unwrap()).map(|(n, v)| (decode(n), decode(v))).collect();
        let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        prop_assert_eq!(field("Name"), call.argument("Name").unwrap().as_str());
        prop_assert_eq!(field("Token"), call.argument("Token").unwrap().as_str());
        let id = request.path.strip_prefix("/things/").unwrap();
        prop_assert!(!id.contains(['/', '?', '#', '{']), "{}", id);
        prop_assert_eq!(decode(id), call.argument("Id").unwrap().as_str().unwrap());
        prop_assert!(!request.summary().contains(char::is_control));
        if let Some(Value::Text(name)) = bindings.get("Name") {
            prop_assert_eq!(field("Name"), Some(name.as_str()));
        }
        if !bindings.contains_key("Filters") {
            prop_assert!(fields.iter().all(|(name, _)| !name.starts_with("Filter")));
        }
    }

    #[test]
    fn a_json_body_says_what_was_bound(bindings in bindings()) {
        let mut document = document();
        document["body"] = json!({"json": {"base": "{\"Kind\": 1}"}});
        let (operation, _) = operation(&document);
        let Ok(call) = bind(operation, &bindings, &mut || "made".to_owned()) else { return Ok(()) };
        let request = request(&call, None, None).unwrap();
        let body: Json = serde_json::from_slice(&request.body).unwrap();
        prop_assert_eq!(&body["Kind"], 1);
        for name in ["Name", "On", "At", "Token"] {
            prop_assert_eq!(body.get(name), call.argument(name));
        }
        let filters = |value: &Json| value.as_array().map_or(0, Vec::len);
        prop_assert_eq!(filters(&body["Filter"]), call.argument("Filters").map_or(0, filters));
        prop_assert!(body.get("Id").is_none() && body.get("depth").is_none());
        prop_assert!(!request.summary().contains(char::is_control));
    }

    /// What is required and absent is never let through.
    #[test]
    fn what_is_missing_is_said(mut bindings in bindings(), name in prop::sample::select(vec!["Id", "Name"])) {
        bindings.remove(name);
        let (operation, _) = operation(&document());
        prop_assert!(bind(operation, &bindings, &mut String::new).is_err());
    }
}
