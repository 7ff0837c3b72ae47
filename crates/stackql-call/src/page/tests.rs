use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use proptest::prelude::*;
use stackql_provider::{
    Column, ErrorShape, Member, Method, Paging, Provider, RequestShape, Resource, ResponseShape, Service, TimeFormat,
    Type, TypeRef, Types,
};

use super::*;
use crate::{Bindings, Operation, bind};

/// A table with a column of every shape, whose rows stand in `thingSet.item`.
fn table() -> (Types, Vec<Column>) {
    let mut types = Types::default();
    let string = types.push(Type::String);
    let integer = types.push(Type::Integer);
    let list = |item, flattened| Type::List { item, item_wire: None, flattened };
    let member = |wire: &str, ty| Member { name: wire.to_owned(), wire: wire.to_owned(), ty, ..Member::default() };
    let tags = types.push(Type::Any);
    let flat = types.push(list(integer, true));
    let boolean = types.push(Type::Boolean);
    let tag = types.push(Type::Structure {
        members: vec![member("key", string), member("count", integer), member("on", boolean), member("flat", flat)],
    });
    types.set(tags, list(tag, false));
    let node = types.push(Type::Any);
    types.set(node, Type::Structure { members: vec![member("node", node)] });
    let column = |name: &str, ty| Column { name: name.to_owned(), wire: name.to_owned(), ty, ..Column::default() };
    let columns = vec![
        column("id", string),
        column("size", integer),
        column("price", types.push(Type::Number)),
        column("on", boolean),
        column("made", types.push(Type::Timestamp(TimeFormat::Rfc3339))),
        column("tags", tags),
        column("flat", flat),
        column("map", types.push(Type::Map { value: integer })),
        column("any", types.push(Type::Any)),
        column("node", node),
    ];
    (types, columns)
}

fn path(dotted: &str) -> Vec<String> {
    dotted.split('.').filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

fn call(verb: Verb, rows: &str) -> Call {
    let method = Method {
        name: "m".to_owned(),
        operation: "M".to_owned(),
        verb,
        description: String::new(),
        parameters: Vec::new(),
        request: RequestShape::default(),
        response: ResponseShape {
            rows: path(rows),
            error: ErrorShape {
                code: path("Errors.Error.Code"),
                message: path("Errors.Error.Message"),
                success_request_id: path("requestId"),
                request_id_header: Some("x-request-id".to_owned()),
                ..ErrorShape::default()
            },
            ..ResponseShape::default()
        },
        paging: Some(Paging {
            next: NextPage::Token {
                parameter: "NextToken".to_owned(),
                answer: ResponseLocation::Body(path("nextToken")),
            },
            size: None,
        }),
        ..Method::default()
    };
    let (types, columns) = table();
    let resource = Resource { name: "things".to_owned(), columns, methods: vec![method], types, ..Resource::default() };
    let provider = Provider { name: "mock".to_owned(), ..Provider::default() };
    let service = Service { name: "compute".to_owned(), ..Service::default() };
    let operation = Operation::new(Arc::new(provider), Arc::new(service), Arc::new(resource), "m").unwrap();
    bind(Arc::new(operation), &Bindings::new(), &mut String::new).unwrap()
}

fn read(plan: &RowProjection, rows: &str, body: impl Into<Bytes>) -> Result<Page, ResponseError> {
    decode_page(
        &call(Verb::Select, rows),
        plan,
        None,
        &Response { status: 200, body: body.into(), ..Response::default() },
    )
}

/// A plan for the columns of these names.
fn plan(names: &[&str], extra: bool) -> RowProjection {
    let (types, columns) = table();
    let named = |name: &&str| columns.iter().find(|c| c.name == **name).unwrap().clone();
    let wanted: Vec<Column> = names.iter().map(named).collect();
    RowProjection::new(&types, &wanted, extra)
}

fn document(items: &str) -> String {
    format!("<R xmlns='urn:x'><requestId>q-1</requestId><thingSet>{items}</thingSet></R>")
}

/// The rows, each a line of its cells.
fn cells(page: &Page) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<ArrayFormatter<'_>> =
        page.rows.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap()).collect();
    let row = |i: usize| columns.iter().map(|c| c.value(i).to_string()).collect::<Vec<_>>().join(" | ");
    (0..page.rows.num_rows()).map(row).collect()
}

/// The rows of `items`, as lines of the cells of these columns.
fn check(names: &[&str], items: &str, expected: &[&str]) {
    let page = read(&plan(names, false), "thingSet.item", document(items)).unwrap();
    assert_eq!(cells(&page), expected, "{items}");
}

#[test]
fn scalars_have_their_types() {
    let items = "<item><id>a</id><size> 7 </size><price>1.5</price><on>true</on><made>2026-01-31T12:00:00.250Z</made></item>\
                 <item><made>Sat, 31 Jan 2026 12:00:00 GMT</made><on>false</on><size>-9223372036854775808</size></item>\
                 <item><made>1398796238</made></item>";
    let page = read(&plan(&["id", "size", "price", "on", "made"], false), "thingSet.item", document(items)).unwrap();
    assert_eq!(
        cells(&page),
        [
            "a | 7 | 1.5 | true | 2026-01-31T12:00:00.250Z",
            "NULL | -9223372036854775808 | NULL | false | 2026-01-31T12:00:00Z",
            "NULL | NULL | NULL | NULL | 2014-04-29T18:30:38Z",
        ]
    );
    assert_eq!(page.rows.column(1).as_primitive::<Int64Type>().value(0), 7);
    assert_eq!(page.rows.column(4).as_primitive::<TimestampMicrosecondType>().value(2), 1_398_796_238_000_000);
}

#[test]
fn absent_is_null_and_empty_is_empty() {
    check(&["id", "size", "tags", "flat", "map"], "<item/>", &["NULL | NULL | NULL | NULL | NULL"]);
    check(&["id", "size", "tags", "map"], "<item><id/><size></size><tags/><map/></item>", &[" | NULL | [] | {}"]);
    check(&["id"], "", &[]);
}

#[test]
fn nested_values_are_json_of_their_shape() {
    let tags = "<tags><item><key>a\"b</key><count>3</count><on>true</on></item>\
                <item><flat>1</flat><flat>2</flat></item><item/></tags>";
    let expected = r#"[{"key":"a\"b","count":3,"on":true},{"flat":[1,2]},{}]"#;
    check(&["tags"], &format!("<item>{tags}</item>"), &[expected]);
    check(
        &["tags"],
        "<item><tags><x><count>many</count><flat>1</flat></x></tags></item>",
        &[r#"[{"count":"many","flat":[1]}]"#],
    );
}

#[test]
fn flattened_lists_gather_their_elements() {
    check(
        &["flat", "id"],
        "<item><flat>1</flat><id>a</id><flat>2</flat></item><item><flat>3</flat></item>",
        &["[1,2] | a", "[3] | NULL"],
    );
}

#[test]
fn maps_are_objects() {
    let map = "<map><entry><key>a</key><value>1</value></entry><entry><value>2</value><key>b</key></entry></map>";
    check(&["map"], &format!("<item>{map}</item>"), &[r#"{"a":1,"b":2}"#]);
}

#[test]
fn what_has_no_shape_is_kept_as_it_is() {
    let any = "<any><a>1</a><b><c>x</c><c>y</c></b></any>";
    check(
        &["any"],
        &format!("<item>{any}</item><item><any>text</any></item><item><any/></item>"),
        &[r#"{"a":"1","b":{"c":["x","y"]}}"#, r#""text""#, r#""""#],
    );
}

#[test]
fn unknown_fields_are_kept_if_wanted() {
    let items = "<item><new>1</new><id>a</id><more><x>2</x></more></item><item><id>b</id></item>";
    let page = read(&plan(&["id"], true), "thingSet.item", document(items)).unwrap();
    assert_eq!(cells(&page), [r#"a | {"new":"1","more":{"x":"2"}}"#, "b | NULL"]);
    assert_eq!(page.rows.schema().field(1).name(), RowProjection::EXTRA);
}

#[test]
fn extra_of_an_answer_that_is_the_row_has_no_token_and_no_request_id() {
    let body = "<R><requestId>q-1</requestId><id>a</id><nextToken>t</nextToken><new>1</new></R>";
    let page = read(&plan(&["id"], true), "", body).unwrap();
    assert_eq!(cells(&page), [r#"a | {"new":"1"}"#]);
    assert_eq!(page.next.as_ref().map(Cursor::as_str), Some("t"));
    assert_eq!(page.request_id.as_deref(), Some("q-1"));
}

#[test]
fn text_is_what_its_escapes_mean() {
    check(&["id"], "<item><id>a &amp; b &lt;c&gt; &#x41;&#66;</id></item>", &["a & b <c> AB"]);
    check(&["id"], "<item><id><![CDATA[<raw> & ]]>more</id></item>", &["<raw> & more"]);
    check(&["id"], "<item><id>a<!-- no -->b</id></item>", &["ab"]);
    check(&["any"], "<item><any>\u{1}\u{7f}\\\"\n</any></item>", &["\"\\u0001\u{7f}\\\\\\\"\\n\""]);
}

#[test]
fn names_have_no_prefix_and_the_first_of_two_counts() {
    check(&["id"], "<item><x:id xmlns:x='urn:y'>a</x:id><id>b</id></item>", &["a"]);
}

#[test]
fn rows_may_be_scalars() {
    let (mut types, _) = table();
    let scalar = |ty: TypeRef| vec![Column { name: "value".to_owned(), ty, ..Column::default() }];
    let plan = RowProjection::new(&types, &scalar(TypeRef(1)), false);
    let page = read(&plan, "thingSet.item", document("<item>1</item><item>2</item><item/>")).unwrap();
    assert_eq!(cells(&page), ["1", "2", "NULL"]);

    let list = types.push(Type::List { item: TypeRef(1), item_wire: None, flattened: false });
    let plan = RowProjection::new(&types, &scalar(list), false);
    let page = read(&plan, "thingSet.item", document("<item><i>1</i><i>2</i></item>")).unwrap();
    assert_eq!(cells(&page), ["[1,2]"]);
}

#[test]
fn rows_are_counted_where_no_column_is_wanted() {
    let page = read(&plan(&[], false), "thingSet.item", document("<item><id>a</id></item><item>x</item>")).unwrap();
    assert_eq!((page.rows.num_rows(), page.rows.num_columns()), (2, 0));
}

#[test]
fn rows_stand_in_every_occurrence_of_their_path() {
    let body = "<R><thingSet><item><id>a</id></item></thingSet><other><item><id>no</id></item></other>\
                <thingSet><item><id>b</id></item></thingSet><nextToken>t</nextToken></R>";
    let page = read(&plan(&["id"], false), "thingSet.item", body).unwrap();
    assert_eq!(cells(&page), ["a", "b"]);
    assert_eq!(page.next.as_ref().map(Cursor::as_str), Some("t"));
}

#[test]
fn an_empty_token_ends_the_pages() {
    let body = "<R><thingSet/><nextToken/></R>";
    assert_eq!(read(&plan(&["id"], false), "thingSet.item", body).unwrap().next, None);
}

#[test]
fn the_request_id_is_in_the_body_or_a_header() {
    let request_id = |body: String| {
        let headers = vec![("x-request-id".to_owned(), "h".to_owned())];
        let response = Response { status: 200, headers, body: body.into(), ..Response::default() };
        decode_page(&call(Verb::Select, "thingSet.item"), &plan(&["id"], false), None, &response).unwrap().request_id
    };
    assert_eq!(request_id(document("")).as_deref(), Some("q-1"));
    assert_eq!(request_id("<R><thingSet/></R>".to_owned()).as_deref(), Some("h"));
}

#[test]
fn a_value_that_does_not_fit_names_row_and_column() {
    let message = |name: &str, text: &str| {
        let items = format!("<item/><item><{name}>{text}</{name}></item>");
        read(&plan(&["id", name], false), "thingSet.item", document(&items)).unwrap_err().to_string()
    };
    let row = "mock.compute.things: row 2 of the page has";
    assert_eq!(message("size", "many"), format!("{row} 'many' in size, which takes an integer"));
    assert_eq!(
        message("size", "9223372036854775808"),
        format!("{row} '9223372036854775808' in size, which takes an integer")
    );
    assert_eq!(message("price", "x"), format!("{row} 'x' in price, which takes a number"));
    assert_eq!(message("on", "yes"), format!("{row} 'yes' in on, which takes true or false"));
    assert_eq!(message("made", "soon"), format!("{row} 'soon' in made, which takes a time"));
    assert_eq!(message("made", "1e300"), format!("{row} '1e300' in made, which takes a time"));
    assert!(message("size", &"9".repeat(10_000)).len() < 200);
}

#[test]
fn what_cannot_be_read_says_where() {
    let reason = |body: &[u8]| match read(&plan(&["id"], true), "thingSet.item", body.to_vec()).unwrap_err() {
        ResponseError::Malformed { reason, .. } => reason,
        other => panic!("{other}"),
    };
    assert_eq!(reason(b""), "it is empty");
    assert_eq!(reason(b"<R><thingSet><item><id>a</id>"), "it ends in the middle at byte 29");
    assert_eq!(
        reason(b"<R><thingSet><item><id>a</i"),
        "not well-formed XML: syntax error: tag not closed: `>` not found before end of input at byte 24"
    );
    assert_eq!(reason(b"{\"json\": true}"), "it is not XML at byte 0");
    assert_eq!(reason(b"\xef\xbb\xbf\n<HTML><p/></HTML>"), "it is a web page of a proxy or a wrong endpoint at byte 0");
    assert_eq!(reason(b"<R>\xff</R>"), "not UTF-8 text at byte 3");
    assert!(
        reason(b"<!DOCTYPE R [<!ENTITY a \"b\">]><R>&a;</R>")
            .starts_with("a document type declaration, which is refused")
    );
    assert!(reason(b"<R><thingSet><item><id>&who;</id></item></thingSet></R>").starts_with("the unknown entity &who;"));
    assert!(
        reason(b"<R><thingSet><item><id>&#xD800;</id></item></thingSet></R>").starts_with("a bad character reference")
    );
    assert!(reason(b"<R></Q>").starts_with("not well-formed XML"));
}

#[test]
fn nesting_is_bounded() {
    for (name, extra) in [("node", false), ("id", true)] {
        let deep = |n: usize| {
            let items = format!("<item>{}{}</item>", "<node>".repeat(n), "</node>".repeat(n));
            read(&plan(&[name], extra), "thingSet.item", document(&items))
        };
        assert!(deep(90).is_ok());
        let error = deep(100_000).unwrap_err().to_string();
        assert!(error.contains("nested too deeply"), "{error}");
    }
    // What is passed over may be as deep as it likes.
    let skipped = format!("<R>{}{}<thingSet/></R>", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert_eq!(read(&plan(&["id"], false), "thingSet.item", skipped).unwrap().rows.num_rows(), 0);
}

#[test]
fn only_an_operation_without_rows_may_answer_with_nothing() {
    let response = Response { status: 200, ..Response::default() };
    let page = decode_page(&call(Verb::Delete, ""), &plan(&["id"], false), None, &response).unwrap();
    assert_eq!((page.rows.num_rows(), page.next), (0, None));
}

#[test]
fn an_error_is_a_fault() {
    let body = "<R><Errors><Error><Code>Bad</Code><Message>m</Message></Error></Errors></R>";
    let error = read(&plan(&["id"], false), "thingSet.item", body).unwrap_err();
    assert!(matches!(&error, ResponseError::Fault(fault) if fault.code == "Bad"), "{error}");
}

const ALL: [&str; 10] = ["id", "size", "price", "on", "made", "tags", "flat", "map", "any", "node"];

/// Elements of known and unknown names around texts, balanced or not.
fn soup() -> impl Strategy<Value = String> {
    let names = prop::sample::select(ALL.into_iter().chain(["item", "key", "value", "new"]).collect::<Vec<_>>());
    let leaf = prop_oneof!["[a-z0-9&;<>\\]\\[!\\-. ]{0,6}", "\\PC{0,6}", Just("1".to_owned())];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        (names.clone(), prop::collection::vec(inner, 0..5))
            .prop_map(|(name, inside)| format!("<{name}>{}</{name}>", inside.concat()))
    })
}

proptest! {
    #[test]
    fn bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&plan(&ALL, true), "thingSet.item", body.clone());
        let _ = read(&plan(&ALL, true), "", body);
    }

    /// Whatever the document: an error, or rows whose nested values are JSON.
    #[test]
    fn documents_never_panic(items in prop::collection::vec(soup(), 0..4)) {
        for rows in ["thingSet.item", "thingSet", ""] {
            let Ok(page) = read(&plan(&ALL, true), rows, document(&items.concat())) else { continue };
            for (field, column) in page.rows.schema().fields().iter().zip(page.rows.columns()) {
                if field.metadata().contains_key(RowProjection::FORMAT_KEY) {
                    for text in column.as_string::<i32>().iter().flatten() {
                        let json: Result<serde_json::Value, _> = serde_json::from_str(text);
                        prop_assert!(json.is_ok(), "{}: {text}", field.name());
                    }
                }
            }
        }
    }

    /// A text comes back as it was, whether it is a cell or stands inside JSON.
    #[test]
    fn texts_go_round(text in "\\PC{0,30}") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;");
        let items = format!("<item><id>{escaped}</id><any>{escaped}</any></item>");
        let page = read(&plan(&["id", "any"], false), "thingSet.item", document(&items)).unwrap();
        prop_assert_eq!(page.rows.column(0).as_string::<i32>().value(0), &text);
        let json: String = serde_json::from_str(page.rows.column(1).as_string::<i32>().value(0)).unwrap();
        prop_assert_eq!(json, text);
    }
}

#[test]
fn a_value_is_where_its_carrier_says() {
    let of = |body: &'static str| Response {
        status: 200,
        headers: vec![("etag".to_owned(), "v1".to_owned())],
        body: Bytes::from_static(body.as_bytes()),
        ..Response::default()
    };
    let body = |dotted: &str| ResponseLocation::Body(path(dotted));
    let json = of(r#"{"id": 7, "owners": [{"name": "ann"}], "gone": null}"#);
    assert_eq!(extract_value(&json, &body("id")).as_deref(), Some("7"));
    assert_eq!(extract_value(&json, &body("owners.0.name")).as_deref(), Some("ann"));
    assert_eq!(extract_value(&json, &body("gone")), None);
    assert_eq!(extract_value(&json, &body("owners")).as_deref(), Some(r#"[{"name":"ann"}]"#));
    assert_eq!(extract_value(&json, &ResponseLocation::Header("ETag".to_owned())).as_deref(), Some("v1"));
    assert_eq!(
        extract_value(&of("<made><wheel><id>w-1</id></wheel></made>"), &body("wheel.id")).as_deref(),
        Some("w-1")
    );
    assert_eq!(extract_value(&of(""), &body("id")), None);
}
