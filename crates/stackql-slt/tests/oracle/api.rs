//! The tables as an API gives them: page by page, the rows that fit what a request names.

use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use stackql_call::{Attempt, Request, Response, Transport, TransportError};
use stackql_provider::{
    BodyFormat, BodyStyle, Column as Field, CompiledProvider, Compression, Endpoints, Location, Member, Members,
    Method, NextPage, Origin, Paging, Parameter, PredicateEncoding, PredicatePushdown, Provider, ProviderSource,
    Providers, RequestShape, Resource, ResourceEntry, ResponseLocation, ResponseShape, Scope, Service, ServiceSource,
    Type, Types, Verb, write,
};

use crate::tables::{Column, REGION, REGIONS, Role, Row, Table};

/// An API.
#[derive(Debug)]
pub(crate) struct Api {
    tables: Vec<Table>,
}

const TOKEN: &str = "pageToken";
/// The resource that lists the scope's members.
const ALL_REGIONS: &str = "regions";

impl Api {
    pub(crate) fn new(tables: Vec<Table>) -> Self {
        Self { tables }
    }

    /// What the engine is told of it.
    pub(crate) fn definitions(&self) -> Providers {
        let is_scoped = self.tables.iter().any(|table| table.is_scoped);
        let mut resources: Vec<Resource> = self.tables.iter().map(resource).collect();
        resources.extend(is_scoped.then(|| resource(&regions())));
        let entries = resources.iter().map(|r| ResourceEntry { name: r.name.clone(), page_only: false }).collect();
        let endpoints = Endpoints { scope: is_scoped.then(|| REGION.to_owned()), ..Endpoints::default() };
        let service = Service { name: "s".into(), resources: entries, endpoints, ..Service::default() };
        let members = Members { service: "s".into(), resource: ALL_REGIONS.into(), column: "name".into() };
        let scope = Scope {
            name: REGION.to_owned(),
            environment: Vec::new(),
            default: Some(REGIONS[0].to_owned()),
            members: Some(members),
        };
        let scopes = if is_scoped { vec![scope] } else { Vec::new() };
        let provider = Provider { name: "mock".into(), version: "v1.0.0".into(), scopes, ..Provider::default() };
        let source = ProviderSource { provider, services: vec![ServiceSource { service, resources }] };
        let compiled = CompiledProvider::new(write(&source, Compression::Fast).unwrap()).unwrap();
        Providers::new(vec![(Box::new(compiled), Origin::Embedded)])
    }
}

/// The members of the scope as a table, which is the same wherever it is asked for.
fn regions() -> Table {
    let name = Column::new("name".into(), true, Role::Field);
    Table { name: ALL_REGIONS.into(), columns: vec![name], rows: Vec::new(), page: 9, is_scoped: true }
}

fn resource(table: &Table) -> Resource {
    let mut types = Types::default();
    let mut columns = Vec::new();
    let mut parameters = Vec::new();
    let mut narrowings = Vec::new();
    for column in &table.columns {
        let ty = types.push(if column.is_text { Type::String } else { Type::Integer });
        let (name, wire) = (column.name.clone(), column.name.clone());
        if column.role != Role::Hidden {
            columns.push(Field { name: name.clone(), wire: wire.clone(), ty, ..Field::default() });
        }
        if column.role == Role::Narrowing {
            narrowings.push(PredicatePushdown {
                column: name.clone(),
                encoding: PredicateEncoding::Value { parameter: name.clone() },
            });
        }
        if !matches!(column.role, Role::Field) {
            let (location, required) = (Location::Query, column.role.is_required());
            parameters.push(Parameter { name, wire, location, ty, required, ..Parameter::default() });
        }
    }
    let (name, wire, ty) = (TOKEN.to_owned(), TOKEN.to_owned(), types.push(Type::String));
    parameters.push(Parameter { name, wire, location: Location::Query, ty, ..Parameter::default() });
    let member = |c: &Field| Member { name: c.name.clone(), wire: c.wire.clone(), ty: c.ty, ..Member::default() };
    let row = types.push(Type::Structure { members: columns.iter().map(member).collect() });
    let method = Method {
        name: "list".into(),
        operation: "list".into(),
        verb: Verb::Select,
        parameters,
        request: RequestShape {
            http_method: "GET".into(),
            path: format!("/{}", table.name),
            body: BodyStyle::Json { base: None, wrap: None },
            ..RequestShape::default()
        },
        response: ResponseShape {
            media_type: "application/json".into(),
            format: BodyFormat::Json,
            rows: vec!["items".into()],
            row: Some(row),
            ..ResponseShape::default()
        },
        paging: Some(Paging {
            next: NextPage::Token { parameter: TOKEN.into(), answer: ResponseLocation::Body(vec!["next".into()]) },
            size: None,
        }),
        predicate_pushdowns: narrowings,
        ..Method::default()
    };
    Resource { name: table.name.clone(), columns, methods: vec![method], types, ..Resource::default() }
}

fn answer(body: &Json) -> Response {
    let body = body.to_string();
    let attempt = Attempt {
        started: UNIX_EPOCH,
        duration: Duration::ZERO,
        url: String::new(),
        status: Some(200),
        bytes: body.len() as u64,
        request_id: None,
        cached: false,
        error: None,
        waited: Duration::ZERO,
    };
    Response { status: 200, headers: Vec::new(), body: body.into(), attempts: vec![attempt] }
}

#[async_trait]
impl Transport for Api {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        if request.path == format!("/{ALL_REGIONS}") {
            let items: Vec<Json> = REGIONS.iter().map(|name| json!({"name": name})).collect();
            return Ok(answer(&json!({"items": items})));
        }
        let table = self.tables.iter().find(|t| request.path == format!("/{}", t.name)).unwrap();
        let asked = |name: &str| request.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let shown = |at: usize, cell: i64| match table.columns[at].is_text {
            true => json!(table.columns[at].display(cell)),
            false => json!(cell),
        };
        for column in table.required() {
            assert!(asked(&column.name).is_some(), "{} is not called without {}", table.name, column.name);
        }
        let fits = |row: &&Row| {
            let is_there = !table.is_scoped || request.scope.as_deref() == Some(REGIONS[row.region]);
            is_there
                && table.columns.iter().enumerate().all(|(at, column)| match asked(&column.name) {
                    Some(wanted) => row.cells[at].is_some_and(|cell| column.value(cell) == wanted),
                    None => true,
                })
        };
        let first: usize = asked(TOKEN).map_or(0, |token| token.parse().unwrap());
        let all: Vec<_> = table.rows.iter().filter(fits).collect();
        let object = |row: &&Row| {
            let mut object = Map::new();
            for (at, column) in table.columns.iter().enumerate().filter(|(_, c)| c.role != Role::Hidden) {
                object.insert(column.name.clone(), row.cells[at].map_or(Json::Null, |cell| shown(at, cell)));
            }
            Json::Object(object)
        };
        let items: Vec<Json> = all.iter().skip(first).take(table.page).map(object).collect();
        let next = (first + table.page < all.len()).then(|| (first + table.page).to_string());
        Ok(answer(&json!({"items": items, "next": next})))
    }

    async fn default_scope(&self, _: &Provider, scope: &Scope) -> Result<String, TransportError> {
        Ok(scope.default.clone().unwrap_or_default())
    }
}
