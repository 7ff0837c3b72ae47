//! Compiles providers that are databases: `config.sqlExternalTables`. Each schema is a service, each table a resource
//! with one SELECT. Owns the mapping of column types and the choice of predicates that are pushed down.

use std::collections::BTreeMap;

use stackql_provider::names::fold;
use stackql_provider::{
    BodyFormat, Column, Location, Member, Method, Parameter, PredicateEncoding, PredicatePushdown, Protocol,
    RequestShape, Resource, ResourceEntry, ResponseShape, Service, ServiceEntry, ServiceSource, TimeFormat, Type,
    TypeRef, Types, Verb,
};

use super::config::Config;
use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::provider::auth;

const KEY: &str = "sqlExternalTables";
/// Schema of tables that state none: PostgreSQL's default.
const USUAL_SCHEMA: &str = "public";
const METHOD: &str = "select";
/// The parameter for predicates, unless a column has this name.
const FILTERS: &str = "filters";
/// Maximum number of values of one predicate; longer lists are evaluated locally.
const MOST_VALUES: u32 = 1000;
const JSON: &str = "application/json";

/// The list of tables in a provider's document.
pub(super) fn table_list(provider: NodeRef<'_>) -> Option<NodeRef<'_>> {
    provider.get("config")?.get(KEY)
}

/// The services formed by a provider's tables.
pub(super) fn services(provider: NodeRef<'_>) -> Vec<ServiceEntry> {
    let mut names: Vec<&str> = tables(provider).map(schema).collect();
    names.sort_unstable();
    names.dedup();
    let entry = |name: &str| ServiceEntry { name: name.to_owned(), title: name.to_owned(), ..ServiceEntry::default() };
    names.into_iter().map(entry).collect()
}

/// Whether a provider has tables in a schema of this name.
pub(super) fn has(provider: NodeRef<'_>, name: &str) -> bool {
    tables(provider).any(|table| schema(table) == name)
}

/// The diagnostic for tables of a schema that a documented service of the same name hides.
pub(super) fn hidden(provider: NodeRef<'_>, name: &str) -> Option<Diagnostic> {
    let table = tables(provider).find(|table| schema(*table) == name)?;
    let what = format!("the tables of the schema {name} are not there: a service with a document is called so");
    Some(Diagnostic::new(table.place(), &what, "rename the service under providerServices"))
}

/// Compiles the service of one schema. A table with an error is omitted and reported.
pub(super) fn compile(provider: NodeRef<'_>, name: &str) -> (ServiceSource, Vec<Diagnostic>) {
    let config = Config::service(provider, provider, provider);
    let mut resources: BTreeMap<&str, Resource> = BTreeMap::new();
    let mut problems = Vec::new();
    for table in tables(provider).filter(|table| schema(*table) == name) {
        match resource(table) {
            Ok((own, _)) if resources.contains_key(own) => {
                let what = format!("the table {own} of {name} is listed before");
                problems.push(Diagnostic::new(table.place(), &what, "list each table once"));
            }
            Ok((own, resource)) => {
                resources.insert(own, resource);
            }
            Err(problem) => problems.push(problem),
        }
    }
    let resources: Vec<Resource> = resources.into_values().collect();
    let service = Service {
        name: name.to_owned(),
        title: name.to_owned(),
        auth: auth(provider, provider, &config),
        resources: resources.iter().map(|r| ResourceEntry { name: r.name.clone(), page_only: false }).collect(),
        ..Service::default()
    };
    (ServiceSource { service, resources }, problems)
}

/// The tables, which may be given as a list or a map.
fn tables(provider: NodeRef<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    let all = table_list(provider);
    all.into_iter().flat_map(NodeRef::items).chain(all.into_iter().flat_map(NodeRef::entries).map(|(_, table)| table))
}

fn schema(table: NodeRef<'_>) -> &str {
    table.text("schemaName").filter(|name| !name.is_empty()).unwrap_or(USUAL_SCHEMA)
}

/// Compiles a table to its name and resource.
fn resource(table: NodeRef<'_>) -> Result<(&str, Resource), Diagnostic> {
    let wrong = |what: &str, advice: &str| Diagnostic::new(table.place(), what, advice);
    let name = table.text("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| wrong("the table has no name", "give `name`, as the database has it"))?;
    let mut types = Types::default();
    let (mut columns, mut narrowings) = (Vec::new(), Vec::new());
    let stated: Vec<(&str, &str)> = table
        .get("columns")
        .into_iter()
        .flat_map(NodeRef::items)
        .filter_map(|column| Some((column.text("name")?, column.text("type").unwrap_or_default())))
        .collect();
    if stated.is_empty() {
        return Err(wrong(&format!("the table {name} has no columns"), "list them under columns, each with its name"));
    }
    let is_free = |parameter: &String| !stated.iter().any(|(column, _)| fold(column) == fold(parameter));
    let mut candidates = std::iter::once(FILTERS.to_owned()).chain((2..).map(|n| format!("{FILTERS}{n}")));
    let filters = candidates.find(is_free).unwrap_or_default();
    for (column, stated) in stated {
        let kind = kind(stated);
        if is_compared_alike(&kind) {
            let via =
                PredicateEncoding::Filter { parameter: filters.clone(), name: column.to_owned(), maximum: MOST_VALUES };
            narrowings.push(PredicatePushdown { column: column.to_owned(), encoding: via });
        }
        let ty = types.push(shape(&kind));
        columns.push(Column { name: column.to_owned(), wire: column.to_owned(), ty, ..Column::default() });
    }
    let row = columns.iter().map(|c| member(&c.name, c.ty)).collect();
    let row = types.push(Type::Structure { members: row });
    let method = Method {
        name: METHOD.to_owned(),
        operation: METHOD.to_owned(),
        verb: Verb::Select,
        description: String::new(),
        parameters: vec![conditions(&filters, &mut types)],
        request: RequestShape {
            protocol: Protocol::Table { schema: schema(table).to_owned(), name: name.to_owned(), filters },
            ..RequestShape::default()
        },
        response: ResponseShape {
            media_type: JSON.to_owned(),
            format: BodyFormat::Json,
            row: Some(row),
            ..ResponseShape::default()
        },
        paging: None,
        predicate_pushdowns: narrowings,
        ..Method::default()
    };
    Ok((name, Resource { name: name.to_owned(), columns, methods: vec![method], types, ..Resource::default() }))
}

/// The parameter for predicates: a list of columns, each with its accepted values.
fn conditions(name: &str, types: &mut Types) -> Parameter {
    let text = types.push(Type::String);
    let list = |item: TypeRef| Type::List { item, item_wire: None, flattened: false };
    let values = types.push(list(text));
    let condition = Type::Structure { members: vec![member(Protocol::NAME, text), member(Protocol::VALUES, values)] };
    let condition = types.push(condition);
    let (name, wire) = (name.to_owned(), name.to_owned());
    Parameter { name, wire, location: Location::Body, ty: types.push(list(condition)), ..Parameter::default() }
}

fn member(name: &str, ty: TypeRef) -> Member {
    let own = || name.to_owned();
    Member { name: own(), wire: own(), request_wire: own(), ty, ..Member::default() }
}

/// The name of a type in lower case, without its length.
fn kind(stated: &str) -> String {
    let lower = stated.trim().to_ascii_lowercase();
    match (lower.split_once('('), lower.ends_with("[]")) {
        (Some((kind, _)), false) => kind.trim_end().to_owned(),
        _ => lower,
    }
}

fn shape(kind: &str) -> Type {
    match kind {
        kind if is_whole(kind) => Type::Integer,
        "numeric" | "decimal" | "real" | "double" | "double precision" => Type::Number,
        kind if kind.starts_with("float") => Type::Number,
        "bool" | "boolean" => Type::Boolean,
        kind if kind.starts_with("timestamp") => Type::Timestamp(TimeFormat::Rfc3339),
        "json" | "jsonb" => Type::Any,
        // Arrays are returned as JSON.
        kind if kind.ends_with("[]") || kind.starts_with('_') => Type::Any,
        _ => Type::String,
    }
}

fn is_whole(kind: &str) -> bool {
    matches!(kind, "int" | "int2" | "int4" | "int8" | "integer" | "smallint" | "bigint" | "smallserial" | "bigserial")
        || kind.starts_with("serial")
}

/// Whether the database finds all rows that match the value given as text. For other types it might reject the
/// predicate or round a number.
fn is_compared_alike(kind: &str) -> bool {
    const TEXTS: [&str; 8] = ["text", "varchar", "character varying", "char", "character", "bpchar", "name", "uuid"];
    is_whole(kind) || TEXTS.contains(&kind) || matches!(kind, "bool" | "boolean")
}
