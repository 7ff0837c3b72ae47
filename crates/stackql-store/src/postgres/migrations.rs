//! The form of a schema: its version, the steps from one version to the next, and the lock under which they are taken.

use super::connection::Session;
use super::error::BackendError;
use crate::identifier::quoted;

/// Marks locks as ours, `stql`.
const OURS: i32 = i32::from_be_bytes(*b"stql");

/// What makes each version out of the one before; the table of the first counts those that were taken.
const MIGRATIONS: &[&str] = &[
    // What there is. The rows of a materialized view or table are in a table of its name, in the schema `place`. `key` is
    // the name in lower case, by which it is found.
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

/// How far a schema is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SchemaState {
    /// Nothing was kept yet.
    Missing,
    /// Steps are to be taken.
    Outdated,
    /// As this program wants it.
    Current,
}

/// Waits until nobody else writes, and keeps them from it until the transaction ends. Locks are taken in one order, this
/// one first, so that writers never wait for one another in a circle.
pub(crate) async fn lock(session: &Session) -> Result<(), BackendError> {
    let lock = "SELECT pg_advisory_xact_lock($1, hashtext($2))";
    session.client().execute(lock, &[&OURS, &session.database.schema]).await?;
    Ok(())
}

/// How far the schema is.
pub(crate) async fn standing(session: &Session) -> Result<SchemaState, BackendError> {
    Ok(standing_of(steps_taken(session).await?))
}

/// How far a schema is in which so many steps were taken.
fn standing_of(taken: usize) -> SchemaState {
    match taken {
        0 => SchemaState::Missing,
        taken if taken < MIGRATIONS.len() => SchemaState::Outdated,
        _ => SchemaState::Current,
    }
}

/// Takes the steps that are missing.
pub(crate) async fn migrate(session: &Session) -> Result<(), BackendError> {
    let schema = &session.database.schema;
    schema_is_there(session, schema).await?;
    let taken = steps_taken(session).await?;
    // The names of the steps are those of this schema, whatever else is searched.
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

/// Makes a schema where there is none. Who may not make any is not asked to where there is one.
pub(crate) async fn schema_is_there(session: &Session, schema: &str) -> Result<(), BackendError> {
    let there = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1";
    if session.client().query_opt(there, &[&schema]).await?.is_none() {
        session.client().batch_execute(&format!("CREATE SCHEMA {}", quoted(schema))).await?;
    }
    Ok(())
}

/// Where the names of statements are looked for: where things are made, and in these schemas besides.
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

/// Whether a schema of this version is as this program wants it.
pub(crate) fn is_ready(version: i32) -> bool {
    usize::try_from(version).is_ok_and(|taken| taken == MIGRATIONS.len())
}

/// The table with the version.
pub(crate) fn form(session: &Session) -> String {
    format!("{}.\"__stackql__form\"", quoted(&session.database.schema))
}
