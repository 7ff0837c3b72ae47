use stackql_provider::{
    Column, CompiledProvider, Compression, Endpoints, Method, Origin, Parameter, Provider, ProviderSource, Providers,
    RequestShape, Resource, ResourceEntry, ResponseShape, Service, ServiceSource, write,
};

use super::*;

fn method(name: &str, verb: Verb, parameters: &[(&str, bool)]) -> Method {
    let parameter = |(name, required): &(&str, bool)| Parameter {
        name: (*name).into(),
        required: *required,
        ..Parameter::default()
    };
    Method {
        name: name.into(),
        operation: name.into(),
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
    let resource = Resource {
        name: "boxes".into(),
        columns: vec![Column { name: "boxId".into(), ..Column::default() }],
        methods: vec![
            method("boxes_List", Verb::Select, &[("zone", true)]),
            method("box_Create", Verb::Insert, &[("Note", false), ("Size", true)]),
            method("box_Delete", Verb::Delete, &[("Force", false), ("BoxId", true)]),
            method("box_Modify", Verb::Exec, &[("Note", false), ("BoxId", true)]),
        ],
        ..Resource::default()
    };
    let endpoints = Endpoints { scope: Some("site".into()), ..Endpoints::default() };
    let entry = ResourceEntry { name: "boxes".into(), page_only: false };
    let service = Service { name: "store".into(), resources: vec![entry], endpoints, ..Service::default() };
    let source = ProviderSource {
        provider: Provider { name: "acme".into(), ..Provider::default() },
        services: vec![ServiceSource { service, resources: vec![resource] }],
    };
    let compiled = CompiledProvider::new(write(&source, Compression::Fast).unwrap()).unwrap();
    Providers::new(vec![(Box::new(compiled), Origin::Embedded)])
}

/// Completes at the end of the line; the first names, and the piece they replace.
fn check(line: &str, expect: &[&str]) {
    let (_, candidates) = complete(&definitions(), line, line.len());
    let names: Vec<&str> = candidates.iter().map(|c| c.name.as_str()).take(expect.len().max(1)).collect();
    assert_eq!(names, expect, "{line}");
}

#[test]
fn paths_complete_a_step_at_a_time() {
    check("SELECT * FROM ", &["acme"]);
    check("SELECT * FROM acme.", &["store"]);
    check("SELECT * FROM acme.store.b", &["boxes"]);
    check("EXEC acme.store.boxes.box_M", &["box_Modify"]);
    check("SHOW METHODS IN ac", &["acme"]);
    check("SELECT * FROM nosuch.", &[]);
}

#[test]
fn required_parameters_come_first_after_where() {
    check("SELECT * FROM acme.store.boxes WHERE ", &["zone", "site", "boxId", "SELECT"]);
    check("DELETE FROM acme.store.boxes WHERE ", &["BoxId", "site", "Force", "SELECT"]);
    check("INSERT INTO acme.store.boxes(", &["Size", "site", "Note", "SELECT"]);
    check("EXEC acme.store.boxes.box_Modify @", &["@BoxId", "@Note"]);
}

#[test]
fn only_the_piece_behind_the_last_dot_is_replaced() {
    let line = "SELECT 1; SELECT * FROM acme.st";
    assert_eq!(complete(&definitions(), line, line.len()).0, line.len() - 2);
}

#[test]
fn columns_complete_in_front_of_their_table_and_names_behind_commands() {
    let line = "SELECT bo FROM acme.store.boxes; SELECT 2";
    let (start, candidates) = complete(&definitions(), line, "SELECT bo".len());
    assert_eq!((start, candidates[0].name.as_str()), ("SELECT ".len(), "boxId"));
    check("\\d acme.", &["store"]);
    check(".inspect ", &["acme"]);
}

#[test]
fn keywords_complete_in_any_case() {
    check("sel", &["SELECT"]);
}
