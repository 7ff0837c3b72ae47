use stackql_provider::{
    Column, CompiledProvider, Compression, Endpoints, Member, NextPage, PageSize, Paging, Parameter, PredicateEncoding,
    PredicatePushdown, ProviderSource, RequestShape, ResponseLocation, ResponseShape, Scope, ServiceSource, Type,
    Types, Verb, View, write,
};

use super::*;

fn column(name: &str, ty: stackql_provider::TypeRef, description: &str) -> Column {
    Column { name: name.into(), wire: name.into(), ty, description: description.into(), ..Column::default() }
}

fn parameter(name: &str, ty: stackql_provider::TypeRef, required: bool) -> Parameter {
    Parameter { name: name.into(), ty, required, description: format!("The {name}."), ..Default::default() }
}

fn method(name: &str, verb: Verb, description: &str, parameters: Vec<Parameter>) -> stackql_provider::Method {
    stackql_provider::Method {
        name: name.into(),
        operation: name.into(),
        verb,
        description: description.into(),
        parameters,
        request: RequestShape::default(),
        response: ResponseShape::default(),
        paging: None,
        ..stackql_provider::Method::default()
    }
}

/// Ships with all verbs, a page of which the table differs, and a page without a table.
fn source() -> ProviderSource {
    let mut types = Types::default();
    let (text, whole, flag) = (types.push(Type::String), types.push(Type::Integer), types.push(Type::Boolean));
    let member = |name: &str, required| Member { wire: name.into(), ty: text, required, ..Default::default() };
    let crew = types.push(Type::Structure { members: vec![member("rank", false), member("name", true)] });
    let crews = types.push(Type::List { item: crew, item_wire: None, flattened: false });
    let ships = Resource {
        name: "ships".into(),
        columns: vec![
            column("shipId", text, "<p>The ship's id.</p>"),
            column("order", whole, "<p>One of <code>1 | 2</code>.</p><p>Never {3}.</p>"),
            column("crewSet", crews, ""),
        ],
        methods: vec![
            method("ship_Sink", Verb::Exec, "Sinks.", vec![parameter("ShipId", text, true)]),
            method("ship_Create", Verb::Insert, "<p>Builds <i>one</i>.</p>", {
                let token = Parameter { idempotency_token: true, ..parameter("Token", text, false) };
                vec![token, parameter("Order", whole, true), parameter("Crew", crews, true)]
            }),
            method(
                "ship_Delete",
                Verb::Delete,
                "",
                vec![parameter("DryRun", flag, false), parameter("Name", text, false)],
            ),
            method(
                "ship_Modify",
                Verb::Update,
                "",
                vec![parameter("Order", whole, false), parameter("ShipId", text, true)],
            ),
            stackql_provider::Method {
                predicate_pushdowns: vec![PredicatePushdown {
                    column: "shipId".into(),
                    encoding: PredicateEncoding::List { parameter: "ShipId".into() },
                }],
                paging: Some(Paging {
                    next: NextPage::Token {
                        parameter: "NextToken".into(),
                        answer: ResponseLocation::Body(vec!["nextToken".into()]),
                    },
                    size: Some(PageSize { parameter: "MaxResults".into(), ..PageSize::default() }),
                }),
                ..method(
                    "ships_Describe",
                    Verb::Select,
                    "Lists.",
                    vec![parameter("MaxResults", whole, true), parameter("NextToken", text, false)],
                )
            },
        ],
        types: types.clone(),
        ..Default::default()
    };
    let ports = Resource {
        name: "ports".into(),
        columns: vec![column("portId", text, "Same."), column("name", text, "Same.")],
        methods: vec![method("ports_List", Verb::Select, "Lists.", vec![])],
        classic: Some(stackql_provider::ClassicPage { columns: vec![column("portSet", crews, "")] }),
        types,
        ..Default::default()
    };
    let old = Resource { name: "old_page".into(), ..Default::default() };
    let entry = |name: &str, page_only| ResourceEntry { name: name.into(), page_only };
    let service = Service {
        name: "harbour".into(),
        title: "Harbour | Service".into(),
        endpoints: Endpoints { scope: Some("sea".into()), ..Default::default() },
        resources: vec![entry("old_page", true), entry("ports", false), entry("ships", false)],
        ..Default::default()
    };
    let sea = Scope { name: "sea".into(), default: Some("north".into()), ..Default::default() };
    ProviderSource {
        provider: Provider {
            name: "acme".into(),
            version: "v1.0.0".into(),
            title: "Acme".into(),
            scopes: vec![sea],
            ..Default::default()
        },
        services: vec![ServiceSource { service, resources: vec![old, ports, ships] }],
    }
}

fn compiled(source: &ProviderSource) -> CompiledProvider {
    CompiledProvider::new(write(source, Compression::Fast).unwrap()).unwrap()
}

fn check(service: Option<&str>, style: Style) -> String {
    let compiled = compiled(&source());
    let pages = pages(&compiled, service, style).unwrap().map(Result::unwrap);
    pages.map(|p| format!("{}\n{}\n{}", p.path, "=".repeat(p.path.len()), p.text)).collect()
}

#[test]
fn site_pages() {
    insta::assert_snapshot!(check(None, Style::Site));
}

fn statements(page: &str) -> Vec<&str> {
    page.split("```").skip(1).step_by(2).map(|s| s.trim_start_matches("sql\n").trim_end()).collect()
}

#[test]
fn statements_are_sql_when_filled_in() {
    let text = check(None, Style::Site);
    let statements = statements(&text);
    assert_eq!(statements.len(), 6);
    for statement in statements {
        let filled = statement.replace("<Order>", "7");
        assert!(stackql_sql::parse(&filled).is_ok(), "{:?}\n{filled}", stackql_sql::parse(&filled));
    }
}

#[test]
fn every_method_has_a_statement() {
    let mut source = source();
    source.services[0].service.endpoints.scope = None;
    let ships = &mut source.services[0].resources[2];
    ships.methods = vec![
        method("ship_Renew", Verb::Insert, "", vec![]),
        method(
            "ship_Rename",
            Verb::Update,
            "",
            vec![parameter("ShipId", ships.columns[0].ty, true), parameter("Name", ships.columns[0].ty, true)],
        ),
    ];
    let compiled = compiled(&source);
    let page = pages(&compiled, None, Style::Site).unwrap().last().unwrap().unwrap();
    let statements: Vec<&str> =
        page.text.split("```").skip(1).step_by(2).map(|s| s.trim_start_matches("sql\n").trim_end()).collect();
    assert_eq!(
        statements,
        [
            "EXEC acme.harbour.ships.ship_Renew;",
            "UPDATE acme.harbour.ships\nSET Name = '<Name>'\nWHERE ShipId = '<ShipId>';",
        ]
    );
}

#[test]
fn a_view_is_shown_as_its_query() {
    let mut source = source();
    let ships = &mut source.services[0].resources[2];
    (ships.columns, ships.methods) = (Vec::new(), Vec::new());
    let view = |required: &[&str], body: &str| View {
        required: required.iter().map(|name| (*name).to_owned()).collect(),
        body: body.to_owned(),
        ..View::default()
    };
    ships.views = vec![view(&["ShipId"], "SELECT 1"), view(&[], "SELECT 2")];
    let page = pages(&compiled(&source), None, Style::Site).unwrap().last().unwrap().unwrap();
    let (_, shown) = page.text.split_once("## Fields").unwrap();
    assert_eq!(
        shown,
        "\n\nThose of its view; `DESCRIBE` shows them.\n\n## View\n\nA `SELECT` that gives `ShipId` reads:\n\n\
         ```sql\nSELECT 1\n```\n\nElse, a `SELECT` reads:\n\n```sql\nSELECT 2\n```\n"
    );
}

#[test]
fn classic_pages() {
    insta::assert_snapshot!(check(Some("HARBOUR"), Style::Classic));
}

#[test]
fn unknown_service_is_told_with_the_nearest() {
    let compiled = compiled(&source());
    let error = pages(&compiled, Some("harbor"), Style::Site).err().unwrap();
    assert_eq!(
        error.to_string(),
        "cannot resolve service with key = 'harbor' of provider 'acme', did you mean 'harbour'?; SHOW SERVICES IN acme lists them"
    );
}

#[test]
fn no_name_leaves_the_output_folder() {
    for name in ["..", "a/b", "../a", "", ".hidden", "a\\b", "c:", "a\0"] {
        let mut source = source();
        source.services[0].resources[2].name = name.into();
        let compiled = compiled(&source);
        let last = pages(&compiled, None, Style::Classic).unwrap().last().unwrap();
        assert_eq!(last, Err(Error::UnsafeName { provider: "acme".into(), name: name.into() }), "{name}");
    }
}
