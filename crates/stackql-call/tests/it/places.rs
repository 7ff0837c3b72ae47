//! Whatever is bound to the parts of an address: it is refused, or the request goes where the definition says.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use stackql_call::{Bindings, Value, bind, request};

use crate::model::operation;

const PATH: &str = "/v1/{bucket}/keys/{id}";
const BEFORE: &str = "https://";
const AFTER: &str = ".example.com:8443/base";

/// A parameter in every part of an address, and one in a header.
fn document() -> Json {
    json!({
        "operation": "things.delete",
        "verb": "DELETE",
        "method": "DELETE",
        "path": PATH,
        "body": {"json": {}},
        "scope": "region",
        "url": format!("{BEFORE}{{tenant}}.x-{{region}}{AFTER}"),
        "input": "Request",
        "shapes": {
            "Request": {"type": "structure", "required": ["bucket", "id"], "members": {
                "tenant": {"shape": "String", "location": "server"},
                "bucket": {"shape": "String", "location": "uri"},
                "id": {"shape": "String", "location": "uri"},
                "filter": {"shape": "String", "location": "querystring"},
                "note": {"shape": "String", "location": "header", "locationName": "x-note"},
            }},
            "String": {"type": "string"},
        },
    })
}

/// Texts that are names mostly, and those that would lead elsewhere.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z0-9]{1,6}",
        2 => "[a-z.:@/?#%&=\\\\\r\n\t\0 {}-]{0,6}",
        1 => "\\PC{0,6}",
        1 => prop::sample::select(vec!["", ".", "..", "evil.test/", "x@evil.test", "evil.test:1/", "a\r\nx: y", "{id}"])
            .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn a_request_goes_where_the_definition_says(values in prop::collection::vec(text(), 6)) {
        let names = ["region", "tenant", "bucket", "id", "filter", "note"];
        let bound = names.iter().zip(values).map(|(name, text)| ((*name).to_owned(), Value::Text(text)));
        let bindings: Bindings = bound.collect();
        let (operation, _) = operation(&document());
        let Ok(call) = bind(operation, &bindings, &mut || "token".to_owned()) else { return Ok(()) };
        let request = request(&call, None, None).unwrap();
        let url = request.url.as_deref().unwrap();
        let host = url.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix(AFTER));
        let labels: Vec<&str> = host.unwrap().split('.').collect();
        prop_assert!(labels.len() >= 2, "{}", url);
        for label in labels {
            prop_assert!(!label.is_empty(), "{}", url);
            prop_assert!(label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{}", url);
        }
        prop_assert_eq!(request.path.split('/').count(), PATH.split('/').count(), "{}", request.path);
        for step in request.path.split('/').skip(1) {
            prop_assert!(!matches!(step, "" | "." | ".."), "{}", request.path);
            prop_assert!(!step.contains(['?', '#', '\\']), "{}", request.path);
        }
        for (name, value) in &request.headers {
            prop_assert!(!value.chars().any(|c| c.is_control() && c != '\t'), "{}: {:?}", name, value);
        }
    }
}
