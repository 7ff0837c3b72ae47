//! The protocol's own test cases, where they are at hand.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMillisecondType};
use base64::Engine as _;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};
use stackql_call::{Bindings, Response, RowPlan, Value, bind, fault, page, request};

use crate::model::{operation, text};

/// Cases that no request can decide, with the reason.
const UNDECIDABLE: [(&str, &str); 2] = [
    (
        "SDKAppliedContentEncoding_ec2Query",
        "it states no body, only that one marked for compression is compressed; no operation of the models is marked",
    ),
    (
        "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query",
        "it states no body, only that one marked for compression is compressed; no operation of the models is marked",
    ),
];

/// Cases whose body is compared here while what they say about the host belongs to who connects, with the reason.
const HOST_ELSEWHERE: [(&str, &str); 3] = [
    ("Ec2QueryEndpointTrait", "a prefix of the host; the endpoint is not part of a request here"),
    ("Ec2QueryEndpointTraitWithHostLabel", "a prefix of the host; the endpoint is not part of a request here"),
    ("Ec2QueryHostWithPath", "the path of a user's own endpoint, which stands in front of the request's path"),
];

fn suites(direction: &str) -> Option<Vec<Json>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/protocol-tests");
    match std::fs::read_to_string(root.join(direction).join("ec2.json")) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            println!("skipped: no shared data");
            None
        }
    }
}

/// Every case of a direction with its operation as a document.
fn cases(suites: &[Json]) -> Vec<(Json, Json)> {
    assert!(!suites.is_empty(), "a file without cases");
    let document = |suite: &Json, case: &Json| {
        json!({
            "operation": case["given"]["name"],
            "version": suite["metadata"]["apiVersion"],
            "input": case["given"]["input"]["shape"],
            "output": case["given"]["output"]["shape"],
            // Some of these operations answer with nothing, which a SELECT may not.
            "verb": "EXEC",
            "shapes": suite["shapes"],
        })
    };
    let all = |suite: &Json| -> Vec<(Json, Json)> {
        suite["cases"].as_array().unwrap().iter().map(|case| (document(suite, case), case.clone())).collect()
    };
    suites.iter().flat_map(all).collect()
}

#[test]
fn requests_are_those_of_the_protocol() {
    let Some(suites) = suites("input") else { return };
    let mut failures = Vec::new();
    for (name, _) in UNDECIDABLE.iter().chain(&HOST_ELSEWHERE) {
        let known = cases(&suites).iter().any(|(_, case)| case["id"] == *name);
        assert!(known, "{name} is left out and is no case");
    }
    for (document, case) in cases(&suites) {
        let id = text(&case["id"]);
        if UNDECIDABLE.iter().any(|(name, _)| *name == id) {
            continue;
        }
        let (operation, _) = operation(&document);
        let shape = &document["shapes"][text(&document["input"])];
        let bindings: Bindings = case["params"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| {
                let member = text(&shape["members"][name]["shape"]);
                (name.clone(), Value::Json(given(&document["shapes"], member, value)))
            })
            .collect();
        let call = bind(operation, &bindings, &mut || "00000000-0000-4000-8000-000000000000".to_owned()).unwrap();
        let request = request(&call, None, None).unwrap();
        let expected = &case["serialized"];
        let found = pairs(std::str::from_utf8(&request.body).unwrap());
        let wanted = pairs(text(&expected["body"]));
        if found != wanted || request.http_method != text(&expected["method"]) {
            failures.push(format!("{id}\n  wanted {wanted:?}\n  found  {found:?}"));
        }
        let host_elsewhere = HOST_ELSEWHERE.iter().any(|(name, _)| *name == id);
        if !host_elsewhere && request.path != text(&expected["uri"]) {
            failures.push(format!("{id}: the path {}", request.path));
        }
        for (name, value) in expected["headers"].as_object().into_iter().flatten() {
            let sent = request.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            let media_type = sent.and_then(|(_, v)| v.split(';').next());
            if media_type != value.as_str() {
                failures.push(format!("{id}: the header {name} is {media_type:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn answers_are_those_of_the_protocol() {
    let Some(suites) = suites("output") else { return };
    let mut failures = Vec::new();
    for (document, case) in cases(&suites) {
        let id = text(&case["id"]);
        let (operation, columns) = operation(&document);
        let response = Response {
            status: u16::try_from(case["response"]["status_code"].as_u64().unwrap()).unwrap(),
            body: Bytes::from(text(&case["response"]["body"]).to_owned()),
            ..Response::default()
        };
        if let Some(code) = case["errorCode"].as_str() {
            let Some(fault) = fault(&operation, None, &response) else {
                failures.push(format!("{id}: no fault"));
                continue;
            };
            let said = (fault.code.as_str(), fault.message.as_str(), fault.request_id.as_deref());
            // The members of a modelled error beside code and message have no place in a fault.
            if said != (code, case["errorMessage"].as_str().unwrap_or("Hi"), Some("foo-id")) {
                failures.push(format!("{id}: {said:?}"));
            }
            continue;
        }
        let plan = RowPlan::new(&operation.resource.types, &columns, false);
        let call = bind(operation, &Bindings::new(), &mut String::new).unwrap();
        let page = match page(&call, &plan, None, &response) {
            Ok(page) => page,
            Err(error) => {
                failures.push(format!("{id}: {error}"));
                continue;
            }
        };
        assert_eq!(page.rows.num_rows(), 1, "{id}");
        let found = row(&page.rows);
        let wanted: BTreeMap<String, Json> = case["result"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| {
                let member = &document["shapes"][text(&document["output"])]["members"][name];
                (name.clone(), wanted(&document["shapes"], text(&member["shape"]), value))
            })
            .collect();
        let found = found.into_iter().map(|(name, value)| {
            let member = &document["shapes"][text(&document["output"])]["members"][&name];
            let value = decoded(&document["shapes"], text(&member["shape"]), &value);
            (name, value)
        });
        let found: BTreeMap<String, Json> = found.collect();
        if found != wanted {
            failures.push(format!("{id}\n  wanted {wanted:?}\n  found  {found:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A case's parameter as this crate takes it: bytes are base64 text.
fn given(shapes: &Json, shape: &str, value: &Json) -> Json {
    match text(&shapes[shape]["type"]) {
        "blob" => Json::String(base64::engine::general_purpose::STANDARD.encode(text(value))),
        _ => value.clone(),
    }
}

/// A case's result in the form of a cell: bytes are base64 text, numbers are of one kind.
fn wanted(shapes: &Json, shape: &str, value: &Json) -> Json {
    match text(&shapes[shape]["type"]) {
        "blob" => given(shapes, shape, value),
        "float" | "double" | "timestamp" => value.as_f64().map_or_else(|| value.clone(), Json::from),
        "list" => {
            let of = text(&shapes[shape]["member"]["shape"]);
            value.as_array().unwrap().iter().map(|v| wanted(shapes, of, v)).collect()
        }
        _ => value.clone(),
    }
}

/// A cell in the form of a case's result: nested times are texts in a cell and numbers in a case, and what JSON
/// calls by the name on the wire a case calls by the name of the model.
fn decoded(shapes: &Json, shape: &str, value: &Json) -> Json {
    let facts = &shapes[shape];
    match (text(&facts["type"]), value) {
        ("timestamp", Json::String(at)) => {
            let at = chrono::DateTime::parse_from_rfc3339(at).unwrap();
            Json::from(at.timestamp() as f64)
        }
        ("list", Json::Array(items)) => {
            let of = text(&facts["member"]["shape"]);
            items.iter().map(|v| decoded(shapes, of, v)).collect()
        }
        ("structure", Json::Object(object)) => {
            let named = |(wire, value): (&String, &Json)| {
                let mut members = facts["members"].as_object().unwrap().iter();
                let found = members.find(|(n, m)| m["locationName"].as_str().unwrap_or(n) == wire);
                let (name, member) = found.unwrap();
                (name.clone(), decoded(shapes, text(&member["shape"]), value))
            };
            Json::Object(object.iter().map(named).collect())
        }
        _ => value.clone(),
    }
}

/// The first row; columns that are NULL are left out.
fn row(rows: &RecordBatch) -> Vec<(String, Json)> {
    let cell = |at: usize| {
        let field = rows.schema_ref().field(at).clone();
        let array = rows.column(at);
        let number = |n: f64| serde_json::Number::from_f64(n).map(Json::Number);
        let value = match field.data_type() {
            _ if array.is_null(0) => return None,
            DataType::Int64 => array.as_primitive::<Int64Type>().value(0).into(),
            DataType::Float64 => match array.as_primitive::<Float64Type>().value(0) {
                n if n.is_nan() => "NaN".into(),
                n if n.is_infinite() => if n > 0.0 { "Infinity" } else { "-Infinity" }.into(),
                n => number(n).unwrap(),
            },
            DataType::Boolean => array.as_boolean().value(0).into(),
            DataType::Timestamp(..) => {
                number(array.as_primitive::<TimestampMillisecondType>().value(0) as f64 / 1000.0).unwrap()
            }
            _ if field.metadata().contains_key(RowPlan::FORMAT_KEY) => {
                serde_json::from_str(array.as_string::<i32>().value(0)).unwrap()
            }
            _ => array.as_string::<i32>().value(0).into(),
        };
        Some((field.name().clone(), value))
    };
    (0..rows.num_columns()).filter_map(cell).collect()
}

fn pairs(body: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    };
    let mut all: Vec<(String, String)> = body.split('&').filter(|p| !p.is_empty()).map(pair).collect();
    all.sort();
    all
}
