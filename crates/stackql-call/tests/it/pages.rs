//! However an API cuts its rows into pages, they come out the same.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use stackql_call::{Bindings, Call, Request, Response, RowProjection, bind, decode_page, request};
use stackql_provider::Column;

use crate::model::operation;

const SIZES: [u32; 5] = [1, 2, 3, 7, 1000];

/// How an API writes its answers.
#[derive(Debug, Clone, Copy)]
enum Format {
    Xml,
    Json,
}

fn describe(format: Format) -> (Call, Vec<Column>) {
    let (rows, format) = match format {
        Format::Xml => (json!(["thingSet", "item"]), "xml"),
        Format::Json => (json!(["thingSet"]), "json"),
    };
    let document = json!({
        "format": format,
        "operation": "DescribeThings",
        "version": "1",
        "input": "Request",
        "row": "Thing",
        "rows": rows,
        "paging": {
            "parameter": "NextToken",
            "answer": ["nextToken"],
            "size": {"parameter": "MaxResults", "minimum": 1, "maximum": 1000, "ask_maximum": true, "excludes": []},
        },
        "shapes": {
            "Request": {"type": "structure", "members": {
                "MaxResults": {"shape": "Integer"}, "NextToken": {"shape": "String"},
            }},
            "Thing": {"type": "structure", "members": {
                "Id": {"shape": "String", "locationName": "id"},
                "Size": {"shape": "Integer", "locationName": "size"},
                "Tags": {"shape": "Tags", "locationName": "tagSet"},
            }},
            "Tags": {"type": "list", "member": {"shape": "String", "locationName": "item"}},
            "String": {"type": "string"},
            "Integer": {"type": "integer"},
        },
    });
    let (operation, columns) = operation(&document);
    (bind(operation, &Bindings::new(), &mut String::new).unwrap(), columns)
}

/// An API with these rows: it gives as many as are asked for, and a token where there are more.
fn answer(format: Format, rows: &[String], request: &Request) -> Response {
    let body = std::str::from_utf8(&request.body).unwrap();
    let field = |name: &str| body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let size: usize = field("MaxResults").unwrap().parse().unwrap();
    let token = field("NextToken").map(|token| percent_decode_str(token).decode_utf8().unwrap());
    let from: usize = token.map_or(0, |token| token.strip_prefix("from+").unwrap().parse().unwrap());
    let to = rows.len().min(from + size);
    let next = (to < rows.len()).then(|| format!("from+{to}"));
    let body = match (format, next) {
        (Format::Xml, next) => {
            let next = next.map(|next| format!("<nextToken>{next}</nextToken>")).unwrap_or_default();
            format!("<R>{next}<thingSet>{}</thingSet></R>", rows[from..to].concat())
        }
        (Format::Json, next) => {
            let rows = format!("\"thingSet\" : [ {} ]", rows[from..to].join(",\n"));
            format!("{{{rows}, \"nextToken\": {}}}", Json::from(next))
        }
    };
    Response { status: 200, body: Bytes::from(body), ..Response::default() }
}

/// All rows, and how many pages they took.
fn fetched(format: Format, rows: &[String], size: u32) -> (RecordBatch, usize) {
    let (call, columns) = describe(format);
    let plan = RowProjection::new(&call.operation().resource.types, &columns, true);
    let (mut batches, mut cursor) = (Vec::new(), None);
    loop {
        let request = request(&call, cursor.as_ref(), Some(size)).unwrap();
        let page = decode_page(&call, &plan, cursor.as_ref(), &answer(format, rows, &request)).unwrap();
        batches.push(page.rows);
        cursor = page.next;
        if cursor.is_none() {
            return (concat_batches(&Arc::clone(&plan.schema()), &batches).unwrap(), batches.len());
        }
    }
}

fn row() -> impl Strategy<Value = String> {
    let text = "[a-z é&&[^&<>]]{0,8}";
    let escaped = prop_oneof![text, Just("a &amp; b".to_owned()), Just("<![CDATA[<c>]]>".to_owned())];
    let tags = prop::option::of(prop::collection::vec(escaped.clone(), 0..3));
    (prop::option::of(escaped), prop::option::of(any::<i64>()), tags, any::<bool>()).prop_map(
        |(id, size, tags, new)| {
            let id = id.map(|id| format!("<id>{id}</id>")).unwrap_or_default();
            let size = size.map(|size| format!("<size>{size}</size>")).unwrap_or_default();
            let tag = |tag: &String| format!("<item>{tag}</item>");
            let tags = tags.map(|tags| format!("<tagSet>{}</tagSet>", tags.iter().map(tag).collect::<String>()));
            let new = if new { "<new>1</new>" } else { "" };
            format!("<item>{id}{new}{size}{}</item>", tags.unwrap_or_default())
        },
    )
}

/// A row as a JSON object.
fn object() -> impl Strategy<Value = String> {
    let text = prop::option::of("\\PC{0,8}");
    let tags = prop::option::of(prop::collection::vec(text.clone(), 0..3));
    (text, prop::option::of(any::<i64>()), tags, any::<bool>()).prop_map(|(id, size, tags, new)| {
        let mut row = json!({"id": id, "size": size, "tagSet": tags});
        if new {
            row["new"] = json!({"a": [1.5, null]});
        }
        row.to_string()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_page_size_gives_the_same_rows(rows in prop::collection::vec(row(), 0..20)) {
        let (all, pages) = fetched(Format::Xml, &rows, 1000);
        prop_assert_eq!((all.num_rows(), pages), (rows.len(), 1));
        for size in SIZES {
            let (found, pages) = fetched(Format::Xml, &rows, size);
            prop_assert_eq!(&found, &all, "page size {}", size);
            prop_assert_eq!(pages, rows.len().div_ceil(size as usize).max(1));
        }
    }

    #[test]
    fn every_page_size_gives_the_same_rows_of_json(rows in prop::collection::vec(object(), 0..20)) {
        let (all, pages) = fetched(Format::Json, &rows, 1000);
        prop_assert_eq!((all.num_rows(), pages), (rows.len(), 1));
        for size in SIZES {
            let (found, pages) = fetched(Format::Json, &rows, size);
            prop_assert_eq!(&found, &all, "page size {}", size);
            prop_assert_eq!(pages, rows.len().div_ceil(size as usize).max(1));
        }
    }
}

/// How an API leads from page to page.
const WAYS: [&str; 4] = ["address", "link", "number", "offset"];

/// The ids of all rows of an API with `rows` of them, in pages of `size`, and how many pages they took.
fn ids(way: &str, rows: usize, size: usize) -> (Vec<i64>, usize) {
    let carrier = if way == "link" { json!("Link") } else { json!(["next"]) };
    let by = if way == "link" { "address" } else { way };
    let size_parameter =
        json!({"parameter": "limit", "minimum": 1, "maximum": 100, "ask_maximum": true, "excludes": []});
    let document = json!({
        "operation": "list",
        "body": {"json": {}},
        "format": "json",
        "error": {},
        "path": "/things",
        "input": "Request",
        "row": "Thing",
        "rows": ["things"],
        "paging": {"by": by, "parameter": "from", "answer": carrier, "last": ["pages"], "size": size_parameter},
        "shapes": {
            "Request": {"type": "structure", "members": {
                "from": {"shape": "Integer", "location": "querystring"},
                "limit": {"shape": "Integer", "location": "querystring"},
            }},
            "Thing": {"type": "structure", "members": {"id": {"shape": "Integer"}}},
            "Integer": {"type": "integer"},
        },
    });
    let (operation, columns) = operation(&document);
    let call = bind(operation, &Bindings::new(), &mut String::new).unwrap();
    let plan = RowProjection::new(&call.operation().resource.types, &columns, false);
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let request = request(&call, cursor.as_ref(), Some(u32::try_from(size).unwrap())).unwrap();
        let asked =
            |name: &str| request.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.parse::<usize>().unwrap());
        assert_eq!(asked("limit"), Some(size));
        let from = match (way, &request.next_url, asked("from")) {
            (_, Some(next), None) => next.strip_prefix("https://api/things?from=").unwrap().parse().unwrap(),
            ("number", None, from) => (from.unwrap_or(1) - 1) * size,
            (_, None, from) => from.unwrap_or(0),
            (_, next, from) => unreachable!("{next:?} {from:?}"),
        };
        let to = rows.min(from + size);
        let things: Vec<Json> = (from.min(to)..to).map(|id| json!({"id": id})).collect();
        let next = (to < rows).then(|| format!("https://api/things?from={to}"));
        let mut body = json!({"things": things});
        let mut headers = Vec::new();
        match (way, next) {
            ("link", Some(next)) => headers.push(("link".to_owned(), format!("<{next}>; rel=\"next\""))),
            ("address", next) => body["next"] = next.into(),
            ("number", _) => body["pages"] = rows.div_ceil(size).into(),
            _ => {}
        }
        let response = Response { status: 200, headers, body: Bytes::from(body.to_string()), ..Response::default() };
        let page = decode_page(&call, &plan, cursor.as_ref(), &response).unwrap();
        found.extend(page.rows.column(0).as_primitive::<Int64Type>().values());
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            return (found, pages);
        }
    }
}

#[test]
fn every_way_leads_through_all_pages() {
    for way in WAYS {
        for (rows, size) in [(0, 3), (1, 3), (3, 3), (7, 3), (9, 3), (10, 1)] {
            let (found, pages) = ids(way, rows, size);
            let all: Vec<i64> = (0..i64::try_from(rows).unwrap()).collect();
            assert_eq!(found, all, "{way}: {rows} by {size}");
            // What only ends with a page without rows takes one more.
            let expected = if way == "offset" { rows.div_ceil(size) + 1 } else { rows.div_ceil(size).max(1) };
            assert_eq!(pages, if rows == 0 { 1 } else { expected }, "{way}: {rows} by {size}");
        }
    }
}

#[test]
fn the_server_s_order_is_kept() {
    let rows: Vec<String> = ["c", "a", "b"].iter().map(|id| format!("<item><id>{id}</id></item>")).collect();
    for size in SIZES {
        let (found, _) = fetched(Format::Xml, &rows, size);
        let ids: Vec<&str> = found.column(0).as_string::<i32>().iter().map(Option::unwrap).collect();
        assert_eq!(ids, ["c", "a", "b"]);
    }
}
