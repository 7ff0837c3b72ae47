//! The protocol's own test cases, where they are at hand.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use base64::Engine as _;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};
use stackql_call::{Bindings, Response, RowProjection, Value, bind, decode_page, fault, request};

use crate::model::{operation, text};

/// A protocol whose cases are at hand.
struct Protocol {
    /// The file of its cases.
    file: &'static str,
    /// What all its operations have in common, beside their shapes.
    common: fn(&Json, &Json) -> Json,
    /// How a body is compared.
    body: fn(&str) -> Json,
    /// Cases that no request can decide, with the reason.
    undecidable: &'static [(&'static str, &'static str)],
    /// Cases whose body is compared here while what they say about the host belongs to who connects, with the reason.
    host_elsewhere: &'static [(&'static str, &'static str)],
    /// Answers that rows cannot decide, with the reason.
    unreadable: &'static [(&'static str, &'static str)],
}

const COMPRESSED: &str =
    "it states no body, only that one marked for compression is compressed; no operation of the models is marked";
const PREFIX: &str = "a prefix of the host; the endpoint is not part of a request here";
const OWN_ENDPOINT: &str = "the path of a user's own endpoint, which stands in front of the request's path";
const CODE_IN_HEADER: &str = "the code of the error stands in a header only, which a definition cannot say";

const QUERY: Protocol = Protocol {
    file: "ec2.json",
    common: |suite, _| json!({"version": suite["metadata"]["apiVersion"]}),
    body: |body| pairs(body).into_iter().map(|(name, value)| Json::from(vec![name, value])).collect(),
    undecidable: &[
        ("SDKAppliedContentEncoding_ec2Query", COMPRESSED),
        ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query", COMPRESSED),
    ],
    host_elsewhere: &[
        ("Ec2QueryEndpointTrait", PREFIX),
        ("Ec2QueryEndpointTraitWithHostLabel", PREFIX),
        ("Ec2QueryHostWithPath", OWN_ENDPOINT),
    ],
    unreadable: &[],
};

const JSON: Protocol = Protocol {
    file: "json.json",
    common: |suite, case| {
        let metadata = &suite["metadata"];
        let target = format!("{}.{}", text(&metadata["targetPrefix"]), text(&case["given"]["name"]));
        json!({
            "media_type": format!("application/x-amz-json-{}", text(&metadata["jsonVersion"])),
            "body": {"json": {"base": "{}"}},
            "format": "json",
            "error": {},
            "times": "unixTimestamp",
            "parameters": {"Target": {"location": "header", "locationName": "X-Amz-Target", "default": target}},
        })
    },
    body: |body| if body.is_empty() { Json::Null } else { serde_json::from_str(body).unwrap() },
    undecidable: &[
        ("SDKAppliedContentEncoding_awsJson1_1", COMPRESSED),
        ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1", COMPRESSED),
    ],
    host_elsewhere: &[
        ("AwsJson11EndpointTrait", PREFIX),
        ("AwsJson11EndpointTraitWithHostLabel", PREFIX),
        ("AwsJson11HostWithPath", OWN_ENDPOINT),
    ],
    unreadable: &[
        ("AwsJson11FooErrorUsingXAmznErrorType", CODE_IN_HEADER),
        ("AwsJson11FooErrorUsingXAmznErrorTypeWithUri", CODE_IN_HEADER),
        ("AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace", CODE_IN_HEADER),
        ("AwsJson11DeserializeIgnoreType", "nested values are the JSON of the answer, with all that it says"),
    ],
};

fn suites(direction: &str, protocol: &Protocol) -> Option<Vec<Json>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/protocol-tests");
    match std::fs::read_to_string(root.join(direction).join(protocol.file)) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            println!("skipped: no shared data");
            None
        }
    }
}

/// Every case of a direction with its operation as a document.
fn cases(suites: &[Json], protocol: &Protocol) -> Vec<(Json, Json)> {
    assert!(!suites.is_empty(), "a file without cases");
    let document = |suite: &Json, case: &Json| {
        let mut document = json!({
            "operation": case["given"]["name"],
            "input": case["given"]["input"]["shape"],
            "output": case["given"]["output"]["shape"],
            // Some of these operations answer with nothing, which a SELECT may not.
            "verb": "EXEC",
            "shapes": suite["shapes"],
        });
        let common = (protocol.common)(suite, case);
        document.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
        document
    };
    let all = |suite: &Json| -> Vec<(Json, Json)> {
        suite["cases"].as_array().unwrap().iter().map(|case| (document(suite, case), case.clone())).collect()
    };
    suites.iter().flat_map(all).collect()
}

#[test]
fn requests_are_those_of_the_query_protocol() {
    check_requests(&QUERY);
}

#[test]
fn requests_are_those_of_the_json_protocol() {
    check_requests(&JSON);
}

#[test]
fn answers_are_those_of_the_query_protocol() {
    check_answers(&QUERY);
}

#[test]
fn answers_are_those_of_the_json_protocol() {
    check_answers(&JSON);
}

fn check_requests(protocol: &Protocol) {
    let Some(suites) = suites("input", protocol) else { return };
    let mut failures = Vec::new();
    for (name, _) in protocol.undecidable.iter().chain(protocol.host_elsewhere) {
        let known = cases(&suites, protocol).iter().any(|(_, case)| case["id"] == *name);
        assert!(known, "{name} is left out and is no case");
    }
    for (document, case) in cases(&suites, protocol) {
        let id = text(&case["id"]);
        if protocol.undecidable.iter().any(|(name, _)| *name == id) {
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
        let found = (protocol.body)(std::str::from_utf8(&request.body).unwrap());
        let wanted = expected["body"].as_str().map(protocol.body);
        let same = wanted.as_ref().is_none_or(|wanted| *wanted == found);
        if !same || request.http_method != text(&expected["method"]) {
            failures.push(format!("{id}\n  wanted {wanted:?}\n  found  {found:?}"));
        }
        let host_elsewhere = protocol.host_elsewhere.iter().any(|(name, _)| *name == id);
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

fn check_answers(protocol: &Protocol) {
    let Some(suites) = suites("output", protocol) else { return };
    let mut failures = Vec::new();
    for (name, _) in protocol.unreadable {
        let known = cases(&suites, protocol).iter().any(|(_, case)| case["id"] == *name);
        assert!(known, "{name} is left out and is no case");
    }
    for (document, case) in cases(&suites, protocol) {
        let id = text(&case["id"]);
        if protocol.unreadable.iter().any(|(name, _)| *name == id) {
            continue;
        }
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
            let message = case["errorMessage"].as_str().unwrap_or("Hi");
            let same = match &document["error"] {
                Json::Null => said == (code, message, Some("foo-id")),
                _ => said.0 == code && (said.1 == message || case["errorMessage"].is_null()),
            };
            if !same {
                failures.push(format!("{id}: {said:?}"));
            }
            continue;
        }
        let plan = RowProjection::new(&operation.resource.types, &columns, false);
        let call = bind(operation, &Bindings::new(), &mut String::new).unwrap();
        let page = match decode_page(&call, &plan, None, &response) {
            Ok(page) => page,
            Err(error) => {
                failures.push(format!("{id}: {error}"));
                continue;
            }
        };
        let is_unread = document["format"] == "json" && document["output"].is_null();
        if response.body.is_empty() || is_unread {
            assert_eq!(page.rows.num_rows(), 0, "{id}");
            continue;
        }
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
    converted(shapes, shape, value, &|kind, value| match kind {
        "blob" => Json::String(base64::engine::general_purpose::STANDARD.encode(text(value))),
        _ => value.clone(),
    })
}

/// A case's result in the form of a cell: bytes are base64 text, numbers are of one kind.
fn wanted(shapes: &Json, shape: &str, value: &Json) -> Json {
    converted(shapes, shape, value, &|kind, value| match kind {
        "blob" => Json::String(base64::engine::general_purpose::STANDARD.encode(text(value))),
        "float" | "double" | "timestamp" => value.as_f64().map_or_else(|| value.clone(), Json::from),
        _ => value.clone(),
    })
}

/// The value with each scalar as `scalar` makes it, by the kind of its shape.
fn converted(shapes: &Json, shape: &str, value: &Json, scalar: &dyn Fn(&str, &Json) -> Json) -> Json {
    let facts = &shapes[shape];
    let below = |of: &Json, value: &Json| converted(shapes, text(&of["shape"]), value, scalar);
    match (text(&facts["type"]), value) {
        ("list", Json::Array(items)) => items.iter().map(|item| below(&facts["member"], item)).collect(),
        ("map", Json::Object(entries)) => {
            entries.iter().map(|(key, value)| (key.clone(), below(&facts["value"], value))).collect()
        }
        ("structure", Json::Object(object)) => {
            object.iter().map(|(name, value)| (name.clone(), below(&facts["members"][name], value))).collect()
        }
        (kind, value) => scalar(kind, value),
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
        ("timestamp" | "float" | "double", Json::Number(number)) => Json::from(number.as_f64()),
        ("list", Json::Array(items)) => {
            let of = text(&facts["member"]["shape"]);
            items.iter().map(|v| decoded(shapes, of, v)).collect()
        }
        ("map", Json::Object(entries)) => {
            let of = text(&facts["value"]["shape"]);
            entries.iter().map(|(key, value)| (key.clone(), decoded(shapes, of, value))).collect()
        }
        ("structure", Json::Object(object)) if facts["document"] != true => {
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
                number(array.as_primitive::<TimestampMicrosecondType>().value(0) as f64 / 1e6).unwrap()
            }
            _ if field.metadata().contains_key(RowProjection::FORMAT_KEY) => {
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
