//! Schema migrations: the version of a schema, the steps between versions, and the write lock under which they are
//! applied.

use super::connection::Session;
use super::error::BackendError;
use crate::identifier::quoted;

/// First key of our advisory locks: `stql` in ASCII.
const OURS: i32 = i32::from_be_bytes(*b"stql");

/// The statements that lead from each version to the next; the version of a schema is the number of steps applied.
const MIGRATIONS: &[&str] = &[
    // The catalog of local objects. The rows of a materialized view or table are in a table of its name, in the schema
    // `place`. `key` is the name in lower case, by which objects are looked up.
    r#"CREATE TABLE "__stackql__form" (version integer NOT NULL);
       INSERT INTO "__stackql__form" VALUES (0);
       CREATE TABLE "__stackql__objects" (
           key text NOT NULL PRIMARY KEY,
           name text NOT NULL,
           kind text NOT NULL,
           text text NOT NULL,
           schema text NOT NULL,
           place text NOT NULL
       )"#,
];

/// State of a schema relative to [`MIGRATIONS`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SchemaState {
    /// No step was applied; nothing is stored yet.
    Missing,
    /// Some steps are still to be applied.
    Outdated,
    /// All steps were applied.
    Current,
}

/// Acquires the write lock, which is held until the transaction ends. Every writer acquires this lock before any other,
/// so that writers cannot deadlock.
pub(crate) async fn lock(session: &Session) -> Result<(), BackendError> {
    let lock = "SELECT pg_advisory_xact_lock($1, hashtext($2))";
    session.client().execute(lock, &[&OURS, &session.database.schema]).await?;
    Ok(())
}

/// The state of the session's schema.
pub(crate) async fn standing(session: &Session) -> Result<SchemaState, BackendError> {
    Ok(standing_of(steps_taken(session).await?))
}

/// The state of a schema to which `taken` steps were applied.
fn standing_of(taken: usize) -> SchemaState {
    match taken {
        0 => SchemaState::Missing,
        taken if taken < MIGRATIONS.len() => SchemaState::Outdated,
        _ => SchemaState::Current,
    }
}

/// Applies the steps that are missing, creating the schema first if there is none.
pub(crate) async fn migrate(session: &Session) -> Result<(), BackendError> {
    let schema = &session.database.schema;
    schema_is_there(session, schema).await?;
    let taken = steps_taken(session).await?;
    // Unqualified names in the steps resolve to this schema, whatever the search path of the session is.
    session.client().execute("SELECT set_config('search_path', $1, true)", &[&quoted(schema)]).await?;
    for step in &MIGRATIONS[taken..] {
        session.client().batch_execute(step).await?;
    }
    let version = i32::try_from(MIGRATIONS.len()).expect("there are few steps");
    session.client().execute("UPDATE \"__stackql__form\" SET version = $1", &[&version]).await?;
    let path = path(session, []);
    session.client().execute("SELECT set_config('search_path', $1, true)", &[&path]).await?;
    Ok(())
}

/// Creates a schema if it does not exist. The check comes first because CREATE SCHEMA IF NOT EXISTS requires the
/// privilege to create schemas even if the schema exists.
pub(crate) async fn schema_is_there(session: &Session, schema: &str) -> Result<(), BackendError> {
    let there = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1";
    if session.client().query_opt(there, &[&schema]).await?.is_none() {
        session.client().batch_execute(&format!("CREATE SCHEMA {}", quoted(schema))).await?;
    }
    Ok(())
}

/// The search path: the schema of the objects' tables, the schema of the catalog, and then `besides`.
pub(crate) fn path<'a>(session: &'a Session, besides: impl IntoIterator<Item = &'a str>) -> String {
    let database = &session.database;
    let mut all = vec![database.place(), &database.schema];
    all.extend(besides);
    let mut path: Vec<String> = Vec::new();
    for schema in all.into_iter().map(quoted) {
        if !path.contains(&schema) {
            path.push(schema);
        }
    }
    path.join(", ")
}

async fn steps_taken(session: &Session) -> Result<usize, BackendError> {
    let table = form(session);
    let there = session.client().query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&table]).await?;
    if !there.get::<_, bool>(0) {
        return Ok(0);
    }
    let row = session.client().query_one(&format!("SELECT version FROM {table}"), &[]).await?;
    let version: i32 = row.get(0);
    usize::try_from(version).ok().filter(|&taken| taken <= MIGRATIONS.len()).ok_or(BackendError::Newer(version))
}

/// Whether this version is the current one.
pub(crate) fn is_ready(version: i32) -> bool {
    usize::try_from(version).is_ok_and(|taken| taken == MIGRATIONS.len())
}

/// The qualified name of the table that holds the version.
pub(crate) fn form(session: &Session) -> String {
    format!("{}.\"__stackql__form\"", quoted(&session.database.schema))
}
