//! The catalog table of local objects.

use stackql_engine::StoredKind;
use stackql_postgres::ConnectionErrorKind;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::connection::Session;
use super::error::BackendError;
use super::migrations::{form, is_ready};
use crate::identifier::quoted;
use crate::objects::{ObjectEntry, ObjectRow};
use crate::{objects, schema_json};

const COLUMNS: &str = "name, kind, text, schema, place";

/// The folded name of an object or column, as it is in the database.
pub(crate) fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// The qualified and quoted name of an object's table.
pub(crate) fn table(ObjectEntry { made, table_name: place }: &ObjectEntry) -> String {
    format!("{}.{}", quoted(place), quoted(&key(&made.name)))
}

/// All objects, ordered by name.
pub(crate) async fn list(session: &Session) -> Result<Vec<ObjectEntry>, BackendError> {
    if !session.is_there {
        return Ok(Vec::new());
    }
    let all = format!("SELECT {COLUMNS} FROM {} ORDER BY key COLLATE \"C\"", own(session));
    session.client().query(&all, &[]).await?.iter().map(|row| Ok(written(row)?.row_to_object()?)).collect()
}

/// Reads all objects by one query and without a transaction, because every statement starts with this listing. Returns
/// `None` if the schema has another version or the query was rejected; the caller then uses [`list`] in a transaction.
pub(crate) async fn at_once(session: &Session) -> Result<Option<Vec<ObjectEntry>>, BackendError> {
    let (form, own) = (form(session), own(session));
    let all = format!("SELECT {COLUMNS}, version FROM {form} LEFT JOIN {own} ON true ORDER BY key COLLATE \"C\"");
    let rows = match session.client().query(&all, &[]).await {
        Ok(rows) => rows,
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(Some(Vec::new())),
        Err(error) if error.as_db_error().is_some() && !ConnectionErrorKind::is_lost(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::new();
    for row in rows {
        if !is_ready(row.try_get(5)?) {
            return Ok(None);
        }
        // The left join yields one row with the version only if the catalog is empty.
        if row.try_get::<_, Option<&str>>(0)?.is_some() {
            found.push(written(&row)?.row_to_object()?);
        }
    }
    Ok(Some(found))
}

/// Looks an object up by name, ignoring ASCII case.
pub(crate) async fn find(session: &Session, name: &str) -> Result<Option<ObjectEntry>, BackendError> {
    // PostgreSQL text cannot contain a zero character.
    if !session.is_there || name.contains('\0') {
        return Ok(None);
    }
    let one = format!("SELECT {COLUMNS} FROM {} WHERE key = $1", own(session));
    let row = session.client().query_opt(&one, &[&key(name)]).await?;
    row.map(|row| Ok(written(&row)?.row_to_object()?)).transpose()
}

/// Looks up an object that must exist and be of one of these kinds.
pub(crate) async fn need(session: &Session, kinds: &[StoredKind], name: &str) -> Result<ObjectEntry, BackendError> {
    Ok(objects::require(find(session, name).await?, kinds, name)?)
}

/// Inserts an object, replacing the one with the same name.
pub(crate) async fn put(
    session: &Session,
    ObjectEntry { made, table_name: place }: &ObjectEntry,
) -> Result<(), BackendError> {
    let put = format!(
        "INSERT INTO {} (key, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO UPDATE SET \
         name = excluded.name, kind = excluded.kind, text = excluded.text, schema = excluded.schema, \
         place = excluded.place",
        own(session)
    );
    let (kind, schema) = (made.kind.to_string(), schema_json::write(&made.schema));
    session.client().execute(&put, &[&key(&made.name), &made.name, &kind, &made.text, &schema, place]).await?;
    Ok(())
}

/// Deletes an object from the catalog.
pub(crate) async fn forget(session: &Session, name: &str) -> Result<(), BackendError> {
    session.client().execute(&format!("DELETE FROM {} WHERE key = $1", own(session)), &[&key(name)]).await?;
    Ok(())
}

fn own(session: &Session) -> String {
    format!("{}.\"__stackql__objects\"", quoted(&session.database.schema))
}

fn written(row: &Row) -> Result<ObjectRow, BackendError> {
    let (name, kind, text) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(ObjectRow { name, kind, text, schema: row.try_get(3)?, place: row.try_get(4)? })
}
