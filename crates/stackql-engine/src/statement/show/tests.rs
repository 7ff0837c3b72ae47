use datafusion::arrow::util::pretty::pretty_format_batches;
use stackql_provider::{
    Column, CompiledProvider, Compression, Method, Origin, Parameter, Provider, ProviderSource, Providers,
    RequestShape, Resource, ResourceEntry, ResponseShape, Service, ServiceSource, Type, TypeRef, Types, Verb, write,
};
use stackql_sql::{Statement, parse};

use super::show;
use crate::BuildInfo;
use crate::statement::describe::{describe, describe_method};

const TEXT: TypeRef = TypeRef(0);
const NUMBER: TypeRef = TypeRef(1);
const LIST: TypeRef = TypeRef(2);

fn method(name: &str, verb: Verb, parameters: &[(&str, TypeRef, bool)]) -> Method {
    let parameter = |(name, ty, required): &(&str, TypeRef, bool)| Parameter {
        name: (*name).to_owned(),
        ty: *ty,
        required: *required,
        ..Parameter::default()
    };
    Method {
        name: name.to_owned(),
        operation: name.to_owned(),
        verb,
        description: String::new(),
        parameters: parameters.iter().map(parameter).collect(),
        request: RequestShape::default(),
        response: ResponseShape::default(),
        paging: None,
        ..Method::default()
    }
}

fn definitions() -> Providers {
    let mut types = Types::default();
    types.push(Type::String);
    types.push(Type::Integer);
    types.push(Type::List { item: TEXT, item_wire: None, flattened: false });
    let column = |name: &str, ty| Column { name: name.to_owned(), ty, ..Column::default() };
    let disks = Resource {
        name: "disks".into(),
        description: "disks of machines".into(),
        columns: vec![
            column("sizeGb", NUMBER),
            column("description", TEXT),
            column("labels", LIST),
            column("id", TEXT),
        ],
        methods: vec![
            method("disk_Resize", Verb::Exec, &[("Size", NUMBER, true)]),
            method(
                "disk_Create",
                Verb::Insert,
                &[("Note", TEXT, false), ("Size", NUMBER, true), ("Labels", LIST, true)],
            ),
            method("disks_List", Verb::Select, &[]),
            method("disk_Delete", Verb::Delete, &[("DiskId", TEXT, true)]),
        ],
        types,
        ..Resource::default()
    };
    let keys = Resource { name: "keys".into(), ..Resource::default() };
    let entry = |name: &str| ResourceEntry { name: name.to_owned(), page_only: false };
    let service = Service {
        name: "compute".into(),
        version: "2026".into(),
        title: "Machines".into(),
        resources: vec![entry("disks"), entry("keys")],
        ..Service::default()
    };
    let source = ProviderSource {
        provider: Provider { name: "mock".into(), version: "v1.0.0".into(), ..Provider::default() },
        services: vec![ServiceSource { service, resources: vec![disks, keys] }],
    };
    let bytes = write(&source, Compression::Fast).unwrap();
    Providers::new(vec![(Box::new(CompiledProvider::new(bytes).unwrap()), Origin::Embedded)])
}

fn check(sql: &str) -> String {
    let definitions = definitions();
    let batch = match parse(sql).unwrap() {
        Statement::Show(statement) => {
            show(&definitions, &BuildInfo::default(), &super::ShowContext::default(), &statement)
        }
        Statement::Describe { table, extended } => describe(&definitions, &table, extended).map(|(columns, note)| {
            assert_eq!(note.is_some(), columns.num_rows() == 0, "{note:?}");
            columns
        }),
        Statement::DescribeMethod { method, extended } => describe_method(&definitions, &method, extended),
        other => panic!("not a SHOW: {other:?}"),
    };
    match batch {
        Ok(batch) => pretty_format_batches(&[batch]).unwrap().to_string(),
        Err(error) => error.to_string(),
    }
}

/// The rows without their frame.
fn rows(sql: &str) -> Vec<String> {
    let text = check(sql);
    let cells = |line: &str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join(" | ");
    text.lines().filter(|line| !line.starts_with('+')).map(cells).collect()
}

#[test]
fn providers_services_resources() {
    assert_eq!(rows("SHOW PROVIDERS"), ["name | version", "mock | v1.0.0"]);
    assert_eq!(rows("SHOW EXTENDED PROVIDERS"), ["name | version | origin", "mock | v1.0.0 | embedded"]);
    assert_eq!(rows("SHOW SERVICES IN mock"), ["id | name | title", "compute:2026 | compute | Machines"]);
    assert_eq!(rows("SHOW SERVICES IN mock LIKE 'x%'"), ["id | name | title"]);
    assert_eq!(
        rows("SHOW RESOURCES IN mock.compute WHERE name <> 'keys' AND id LIKE '%DISKS'"),
        ["name | id", "disks | mock.compute.disks"]
    );
    assert_eq!(
        rows("SHOW EXTENDED RESOURCES IN mock.compute LIKE 'disk%'"),
        ["name | id | description", "disks | mock.compute.disks | disks of machines"]
    );
}

#[test]
fn methods_stand_by_verb() {
    assert_eq!(
        rows("SHOW METHODS IN mock.compute.disks"),
        [
            "MethodName | RequiredParams | SQLVerb",
            "disks_List |  | SELECT",
            "disk_Create | Labels, Size | INSERT",
            "disk_Delete | DiskId | DELETE",
            "disk_Resize | Size | EXEC",
        ]
    );
}

#[test]
fn an_insert_template_can_be_filled_in() {
    let script = |[data, column, value]: [&str; 3]| {
        format!(
            "insert_statement\n<<<jsonnet\n{{\nLabels: [ << Labels[0] >> ],\n{data}Size: << Size >>\n}}\n>>>\n\
             INSERT INTO mock.compute.disks(\nLabels,\n{column}Size\n)\n\
             SELECT\n'[ \"{{{{ .values.Labels[0] }}}}\" ]',\n{value}{{{{ .values.Size }}}}\n;"
        )
    };
    assert_eq!(rows("SHOW INSERT INTO mock.compute.disks").join("\n"), script([""; 3]));
    let note = ["Note: << Note >>,\n", "Note,\n", "'{{ .values.Note }}',\n"];
    assert_eq!(rows("SHOW EXTENDED INSERT INTO mock.compute.disks").join("\n"), script(note));
}

#[test]
fn describe_puts_id_name_description_first() {
    assert_eq!(
        rows("DESCRIBE mock.compute.disks"),
        ["name | type", "id | string", "description | string", "labels | array", "sizeGb | integer"]
    );
    assert_eq!(
        rows("DESCRIBE METHOD mock.compute.disks.disk_create"),
        [
            "name | type | param_type | shape",
            "Labels | array | input_required | [\"string\"]",
            "Size | integer | input_required | ",
            "Note | string | input_optional | ",
        ]
    );
}

#[test]
fn what_is_unknown_is_said_with_what_was_meant() {
    assert_eq!(
        check("DESCRIBE METHOD mock.compute.disks.disk_Creat"),
        "could not find method for key = 'disk_Creat' in 'mock.compute.disks', did you mean 'disk_Create'?; \
         SHOW METHODS IN mock.compute.disks lists them"
    );
    assert_eq!(
        check("SHOW METHODS IN mock.compute.disk"),
        "service 'mock.compute' has no resource 'disk', did you mean 'disks'?; \
         SHOW RESOURCES IN mock.compute lists them"
    );
    assert_eq!(check("SHOW PROVIDERS WHERE nme = 'x'"), "no such column: nme; there are name, version, origin");
    assert_eq!(rows("DESCRIBE mock.compute.keys"), ["name | type"]);
    assert!(check("SHOW INSERT INTO mock.compute.keys").contains("no method that answers INSERT"));
}
