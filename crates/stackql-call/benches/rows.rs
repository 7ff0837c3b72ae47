//! How fast answers become rows: 100,000 of them in pages of 1,000.
#![expect(clippy::unwrap_used, reason = "criterion's entry point; a bench stops at what is wrong")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stackql_call::{Bindings, Call, Operation, Response, RowProjection, bind, decode_page};
use stackql_provider::{
    BodyFormat, Column, Member, Method, NextPage, Paging, Provider, RequestShape, Resource, ResponseLocation,
    ResponseShape, Service, TimeFormat, Type, TypeRef, Types, Verb,
};

const ROWS: usize = 100_000;
const PAGE: usize = 1_000;

fn columns(types: &mut Types, nested: bool) -> Vec<Column> {
    let string = types.push(Type::String);
    let scalars = [
        ("volumeId", string),
        ("size", types.push(Type::Integer)),
        ("encrypted", types.push(Type::Boolean)),
        ("createTime", types.push(Type::Timestamp(TimeFormat::Rfc3339))),
        ("availabilityZone", string),
        ("status", string),
    ];
    let column =
        |(name, ty): (&str, TypeRef)| Column { name: name.to_owned(), wire: name.to_owned(), ty, ..Column::default() };
    let mut columns: Vec<Column> = scalars.into_iter().map(column).collect();
    if nested {
        let member =
            |name: &str| Member { name: name.to_owned(), wire: name.to_owned(), ty: string, ..Member::default() };
        let tag = types.push(Type::Structure { members: vec![member("key"), member("value")] });
        let tags = types.push(Type::List { item: tag, item_wire: Some("item".to_owned()), flattened: false });
        columns.push(column(("tagSet", tags)));
    }
    columns
}

fn call(columns: &[Column], types: Types, format: BodyFormat) -> Call {
    let method = Method {
        name: "volumes_Describe".to_owned(),
        operation: "DescribeVolumes".to_owned(),
        verb: Verb::Select,
        description: String::new(),
        parameters: Vec::new(),
        request: RequestShape::default(),
        response: ResponseShape {
            format,
            rows: match format {
                BodyFormat::Xml => vec!["volumeSet".to_owned(), "item".to_owned()],
                BodyFormat::Json => vec!["volumeSet".to_owned()],
            },
            ..ResponseShape::default()
        },
        paging: Some(Paging {
            next: NextPage::Token {
                parameter: "NextToken".to_owned(),
                answer: ResponseLocation::Body(vec!["nextToken".to_owned()]),
            },
            size: None,
        }),
        ..Method::default()
    };
    let resource = Resource {
        name: "volumes".to_owned(),
        columns: columns.to_vec(),
        methods: vec![method],
        types,
        ..Resource::default()
    };
    let operation = Operation::new(
        Arc::new(Provider::default()),
        Arc::new(Service::default()),
        Arc::new(resource),
        "volumes_Describe",
    );
    bind(Arc::new(operation.unwrap()), &Bindings::new(), &mut String::new).unwrap()
}

fn body(nested: bool) -> Bytes {
    let mut body = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeVolumesResponse xmlns=\"http://example.com/doc/\">\n\
         <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>\n<volumeSet>\n",
    );
    for i in 0..PAGE {
        write!(
            body,
            "  <item>\n    <volumeId>vol-{i:017x}</volumeId>\n    <size>{}</size>\n    <encrypted>{}</encrypted>\n    \
             <createTime>2026-01-{:02}T12:{:02}:00.000Z</createTime>\n    \
             <availabilityZone>us-east-1a</availabilityZone>\n    <status>in-use</status>\n",
            i % 16_000,
            i % 2 == 0,
            i % 28 + 1,
            i % 60,
        )
        .unwrap();
        if nested {
            body.push_str("    <tagSet>\n");
            for key in ["Name", "team"] {
                writeln!(body, "      <item><key>{key}</key><value>a &amp; b {i}</value></item>").unwrap();
            }
            body.push_str("    </tagSet>\n");
        }
        body.push_str("  </item>\n");
    }
    body.push_str("</volumeSet>\n<nextToken>more</nextToken>\n</DescribeVolumesResponse>\n");
    Bytes::from(body)
}

/// The same rows in JSON.
fn json_body(nested: bool) -> Bytes {
    let row = |i: usize| {
        let tags = ["Name", "team"].map(|key| format!("{{ \"key\": \"{key}\", \"value\": \"a & b {i}\" }}")).join(", ");
        let tags = if nested { format!(",\n    \"tagSet\": [ {tags} ]") } else { String::new() };
        format!(
            "  {{\n    \"volumeId\": \"vol-{i:017x}\",\n    \"size\": {},\n    \"encrypted\": {},\n    \
             \"createTime\": \"2026-01-{:02}T12:{:02}:00.000Z\",\n    \"availabilityZone\": \"us-east-1a\",\n    \
             \"status\": \"in-use\"{tags}\n  }}",
            i % 16_000,
            i.is_multiple_of(2),
            i % 28 + 1,
            i % 60,
        )
    };
    let rows: Vec<String> = (0..PAGE).map(row).collect();
    Bytes::from(format!("{{\n\"volumeSet\": [\n{}\n],\n\"nextToken\": \"more\"\n}}\n", rows.join(",\n")))
}

fn rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10).measurement_time(Duration::from_secs(4));
    let cases = [("6_fields", false, 6), ("6_fields_and_tags", true, 7), ("2_of_7_fields", true, 2)];
    let formats = [("", BodyFormat::Xml), ("json_", BodyFormat::Json)];
    for ((name, nested, wanted), (prefix, format)) in
        cases.iter().flat_map(|case| formats.map(|format| (*case, format)))
    {
        let mut types = Types::default();
        let columns = columns(&mut types, nested);
        let plan = RowProjection::new(&types, &columns[..wanted], false);
        let call = call(&columns, types, format);
        let body = match format {
            BodyFormat::Xml => body(nested),
            BodyFormat::Json => json_body(nested),
        };
        let response = Response { status: 200, body, ..Response::default() };
        group.bench_function(format!("{prefix}{name}"), |bencher| {
            bencher.iter(|| {
                for _ in 0..ROWS / PAGE {
                    let page = decode_page(&call, &plan, None, black_box(&response)).unwrap();
                    assert_eq!(page.rows.num_rows(), PAGE);
                    black_box(page);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, rows);
criterion_main!(benches);
