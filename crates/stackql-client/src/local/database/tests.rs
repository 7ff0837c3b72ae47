//! A PostgreSQL server of this test's own, asked for real; and what is said where no server can be asked.

use std::time::Duration;

use serde_json::{Value as Json, json};
use stackql_call::{Bindings, Fault, FaultKind, Request, Transport, TransportError, Value, fault};
use stackql_postgres_server::{SKIPPED, Server, testdata};
use stackql_provider::{Column, Location, Member, Parameter, Protocol, Resource, Type, Types};

use super::*;
use crate::world::{method_of, request_of};
use crate::{Settings, auth_contexts};

const FLEET: &str = r#"
CREATE SCHEMA yard;
CREATE TABLE yard.ships (id int4, "the ""name""" varchar(40), afloat bool);
INSERT INTO yard.ships VALUES (1, 'Anna', true), (2, 'it''s', false), (3, '$1', true);
CREATE TABLE yard.nothing (id int8);
CREATE TABLE yard.hidden AS SELECT * FROM yard.ships;
CREATE VIEW yard.own AS SELECT pg_backend_pid() AS pid, pg_sleep(0.1)::text AS slept;
CREATE VIEW yard.asleep AS SELECT 1 AS id FROM pg_sleep(60);
CREATE VIEW yard.secure AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid();
CREATE TABLE yard."values" (id int8, whole int2, exact numeric, real float8, sure bool, at timestamptz, day date,
  doc json, list text[], uid uuid, raw bytea, none int4);
INSERT INTO yard."values" VALUES (9007199254740993, -32768, 12345678901234567890.125, 1e-7, true,
  '2026-01-31T14:00:00.5+02:00', '2026-01-31', '{"b": [1, null], "a": "ü\"\\"}', ARRAY['x', NULL],
  'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '\x00ff', NULL);
CREATE ROLE reader LOGIN PASSWORD 'hush-hush';
GRANT USAGE ON SCHEMA yard TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA yard TO reader;
REVOKE ALL ON yard.hidden FROM reader;
ALTER ROLE reader SET timezone = 'UTC';
"#;

/// The address by which a reader asks.
fn dsn(server: &Server) -> String {
    server.dsn("reader:hush-hush", "fleet")
}

/// The same by a socket, as keys and values.
fn dsn_of_socket(server: &Server) -> String {
    format!("host={} port={} user=reader password=hush-hush dbname=fleet", server.folder().display(), server.port)
}

/// A request for the rows of `table`, whose columns are these.
fn request(table: &str, columns: &[(&str, Type)], conditions: Json, most: Option<u32>) -> Request {
    let mut types = Types::default();
    let columns = columns.iter().map(|(name, ty)| Column {
        name: (*name).to_owned(),
        wire: (*name).to_owned(),
        ty: types.push(ty.clone()),
        ..Column::default()
    });
    let columns = columns.collect();
    let list = |item| Type::List { item, item_wire: None, flattened: false };
    let member = |name: &str, ty| Member { name: name.to_owned(), ty, ..Member::default() };
    let text = types.push(Type::String);
    let values = types.push(list(text));
    let condition = types.push(Type::Structure { members: vec![member("name", text), member("values", values)] });
    let ty = types.push(list(condition));
    let filters = Parameter { name: "filters".into(), location: Location::Body, ty, ..Parameter::default() };
    let medium = Protocol::Table { schema: "yard".into(), name: table.to_owned(), filters: "filters".into() };
    let methods = vec![method_of(medium, vec![filters])];
    let resource = Resource { name: table.to_owned(), columns, methods, types, ..Resource::default() };
    let bindings: Bindings = [("filters".to_owned(), Value::Json(conditions))].into();
    request_of(resource, Auth { scheme: "sql_data_source::postgres".into(), ..Auth::default() }, &bindings, most)
}

fn settings(dsn: &str) -> Settings {
    let context = json!({ "p": { "type": "sql_data_source::postgres", "sqlDataSource": { "dsn": dsn } } });
    let auth = auth_contexts(&context.to_string()).unwrap();
    Settings { auth, request_timeout: Duration::from_secs(20), ..Settings::default() }
}

fn client(dsn: &str) -> Client {
    Client::new(settings(dsn)).unwrap()
}

/// The body of an answer, which has no secret in it, nor has anything else that can be printed.
fn printed(client: &Client, answer: &Result<Response, TransportError>) -> String {
    let all = format!("{client:?} {:?} {answer:?}", client.databases);
    assert!(!all.contains("hush"), "{all}");
    match answer {
        Ok(response) => String::from_utf8(response.body.to_vec()).unwrap(),
        Err(error) => error.message.clone(),
    }
}

async fn rows(client: &Client, request: &Request) -> String {
    let answer = client.send(request).await;
    let body = printed(client, &answer);
    assert_eq!(answer.map(|response| response.status), Ok(200), "{body}");
    body
}

async fn refused(client: &Client, request: &Request) -> Fault {
    let answer = client.send(request).await;
    printed(client, &answer);
    fault(&request.operation, None, &answer.unwrap()).unwrap()
}

async fn failed(client: &Client, request: &Request) -> TransportError {
    let answer = client.send(request).await;
    printed(client, &answer);
    answer.unwrap_err()
}

const SHIPS: [(&str, Type); 3] = [("id", Type::Integer), ("the \"name\"", Type::String), ("afloat", Type::Boolean)];

fn ships(conditions: Json, most: Option<u32>) -> Request {
    request("ships", &SHIPS, conditions, most)
}

/// One server takes seconds to make, so that all that needs one is one test.
#[tokio::test]
#[expect(clippy::print_stderr, reason = "whoever runs the tests is told what was not tested")]
async fn a_database() {
    let Some(server) = Server::start().await else {
        eprintln!("{SKIPPED}");
        return;
    };
    server.run("postgres", "CREATE DATABASE fleet").await;
    server.run("fleet", FLEET).await;
    values(&server).await;
    conditions(&server).await;
    connections(&server).await;
    refusals(&server).await;
    slow(&server).await;
    secure(&server).await;
}

async fn values(server: &Server) {
    let columns = ["id", "whole", "exact", "real", "sure", "at", "day", "doc", "list", "uid", "raw", "none"];
    let columns: Vec<(&str, Type)> = columns.into_iter().map(|name| (name, Type::Any)).collect();
    let body = rows(&client(&dsn(server)), &request("values", &columns, json!([]), None)).await;
    let expected = concat!(
        r#"[{"id":9007199254740993,"whole":-32768,"exact":12345678901234567890.125,"real":1e-07,"sure":true,"#,
        r#""at":"2026-01-31T12:00:00.5+00:00","day":"2026-01-31","doc":{"b": [1, null], "a": "ü\"\\"},"#,
        r#""list":["x",null],"uid":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","raw":"\\x00ff","none":null}]"#
    );
    assert_eq!(body, expected);
    // Nothing is one row, too, and a socket of this machine a place.
    let by_socket = client(&dsn_of_socket(server));
    assert_eq!(rows(&by_socket, &request("nothing", &[("id", Type::Integer)], json!([]), None)).await, "[]");
}

async fn conditions(server: &Server) {
    let client = client(&dsn(server));
    let ids = async |conditions: Json, most| {
        let body: Json = serde_json::from_str(&rows(&client, &ships(conditions, most)).await).unwrap();
        let mut ids: Vec<i64> = body.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
        ids.sort_unstable();
        ids
    };
    let is = |name: &str, values: &[&str]| json!([{ "name": name, "values": values }]);
    assert_eq!(ids(json!([]), None).await, [1, 2, 3]);
    assert_eq!(ids(json!([]), Some(2)).await.len(), 2);
    assert_eq!(ids(is("id", &["1", "3", "9223372036854775807"]), None).await, [1, 3]);
    assert_eq!(ids(is("the \"name\"", &["it's"]), None).await, [2]);
    assert_eq!(ids(is("the \"name\"", &["x' OR 'a' = 'a", "$1", "\\"]), None).await, [3]);
    assert_eq!(ids(is("afloat", &["true"]), None).await, [1, 3]);
    assert_eq!(ids(is("id", &[]), None).await, [0; 0]);
    let both = json!([{ "name": "afloat", "values": ["true"] }, { "name": "id", "values": ["1", "2"] }]);
    assert_eq!(ids(both, None).await, [1]);
}

async fn connections(server: &Server) {
    let client = client(&dsn(server));
    let own = request("own", &[("pid", Type::Integer)], json!([]), None);
    let first = rows(&client, &own).await;
    assert_eq!(rows(&client, &own).await, first, "a connection is kept");
    // A refusal leaves it as it was.
    refused(&client, &request("missing", &SHIPS, json!([]), None)).await;
    assert_eq!(rows(&client, &own).await, first);
    server.run("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'").await;
    assert_ne!(rows(&client, &own).await, first, "one that was closed is replaced");
    let (one, other) = tokio::join!(client.send(&own), client.send(&own));
    assert_ne!(one.unwrap().body, other.unwrap().body, "queries at once have a connection each");
    let attempts = client.send(&own).await.unwrap().attempts;
    let url = format!("postgres://127.0.0.1:{}/fleet", server.port);
    assert_eq!(attempts.iter().map(|a| a.url.as_str()).collect::<Vec<_>>(), [url]);
}

async fn refusals(server: &Server) {
    let client = client(&dsn(server));
    let missing = refused(&client, &request("missing", &SHIPS, json!([]), None)).await;
    assert_eq!(missing.to_string(), r#"p.s.missing: 42P01: relation "yard.missing" does not exist"#);
    assert_eq!(missing.kind, FaultKind::Client);
    let hidden = refused(&client, &request("hidden", &SHIPS, json!([]), None)).await;
    assert_eq!((hidden.kind, hidden.code.as_str()), (FaultKind::Unauthorized, "42501"));
    let unfit = json!([{ "name": "id", "values": ["x"] }]);
    assert_eq!(refused(&client, &ships(unfit, None)).await.code, "22P02");
    let wrong = self::client(&dsn(server).replace("hush-hush", "hush-wrong"));
    let wrong = refused(&wrong, &ships(json!([]), None)).await;
    assert_eq!(wrong.to_string(), r#"p.s.ships: 28P01: password authentication failed for user "reader""#);
    assert_eq!(wrong.kind, FaultKind::Unauthorized);
    let elsewhere = self::client(&dsn(server).replace("/fleet", "/navy"));
    assert_eq!(refused(&elsewhere, &ships(json!([]), None)).await.code, "3D000");
    let none = self::client(&dsn(server).replace(":hush-hush", ""));
    let none = failed(&none, &ships(json!([]), None)).await;
    assert_eq!(none.kind, TransportErrorKind::Credentials, "{none}");
    assert!(none.message.contains("password missing"), "{none}");
}

async fn slow(server: &Server) {
    let dsn = dsn(server);
    let client = Client::new(Settings { request_timeout: Duration::from_millis(400), ..settings(&dsn) }).unwrap();
    let asleep = request("asleep", &[("id", Type::Integer)], json!([]), None);
    let error = failed(&client, &asleep).await;
    assert_eq!((error.kind, error.attempts.len()), (TransportErrorKind::Timeout, 1));
    assert!(error.message.starts_with("no answer from postgres://127.0.0.1:"), "{error}");
    assert!(server.becomes_quiet("%asleep%").await, "the database was told to stop");
}

async fn secure(server: &Server) {
    let secure = format!("{}?sslmode=require", dsn(server));
    let error = failed(&client(&secure), &ships(json!([]), None)).await;
    assert_eq!(error.kind, TransportErrorKind::Tls, "{error}");
    assert!(error.message.contains("UnknownIssuer") && error.message.contains("CA bundle"), "{error}");
    let by_tls = request("secure", &[("ssl", Type::Boolean)], json!([]), None);
    let full = format!("{}?sslmode=verify-full", dsn(server));
    for settings in [
        Settings { ca_bundle: Some(testdata("ca.pem")), ..settings(&full) },
        Settings { allow_insecure: true, ..settings(&secure) },
    ] {
        assert_eq!(rows(&Client::new(settings).unwrap(), &by_tls).await, r#"[{"ssl":true}]"#);
    }
    let plain = client(&format!("{}?sslmode=disable", dsn(server)));
    assert_eq!(rows(&plain, &by_tls).await, r#"[{"ssl":false}]"#);
}

#[tokio::test]
async fn where_nobody_listens_that_is_said() {
    let client = client("postgres://reader:hush-hush@127.0.0.1:1/fleet");
    let error = failed(&client, &ships(json!([]), None)).await;
    assert_eq!((error.kind, error.attempts.len()), (TransportErrorKind::Connect, 1));
    assert!(error.message.starts_with("cannot connect to postgres://127.0.0.1:1/fleet: Connection refused"), "{error}");
}

#[tokio::test]
async fn a_context_must_name_a_database() {
    let ask = async |context: Json, environment: &[(&str, &str)]| {
        let auth = auth_contexts(&json!({ "p": context }).to_string()).unwrap();
        let environment = environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let client = Client::new(Settings { auth, environment, ..Settings::default() }).unwrap();
        failed(&client, &ships(json!([]), None)).await
    };
    let postgres = |dsn: &str| json!({ "type": "sql_data_source::postgres", "sqlDataSource": { "dsn": dsn } });
    for dsn in ["hush-hush", "postgres://a:hush@h:port/d", "hush=1 host=h", "mysql://a:hush@h/d"] {
        let error = ask(postgres(dsn), &[]).await;
        let said = "provider p: sqlDataSource.dsn is no address of a PostgreSQL database; write it as ";
        assert_eq!((error.kind, error.attempts.len()), (TransportErrorKind::Configuration, 0), "{dsn}");
        assert!(error.message.starts_with(said), "{error}");
    }
    let none = ask(json!({ "type": "sql_data_source::postgres" }), &[]).await;
    assert!(none.message.contains("names no database; give sqlDataSource.dsn"), "{none}");
    let open = ask(json!({ "type": "null_auth" }), &[]).await;
    assert!(open.message.contains("has the type 'null_auth', and the provider is a database"), "{open}");
    let other = ask(json!({ "type": "sql_data_source::snowflake" }), &[]).await;
    assert!(other.message.contains("there is no auth type 'sql_data_source::snowflake'"), "{other}");
    let of_variable = json!({ "type": "sql_data_source::postgres", "credentialsenvvar": "FLEET" });
    let found = ask(of_variable, &[("FLEET", "postgres://reader:hush-hush@127.0.0.1:1/fleet")]).await;
    assert_eq!(found.kind, TransportErrorKind::Connect, "{found}");
}
