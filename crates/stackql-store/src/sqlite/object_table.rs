//! The catalog table of local objects.

use rusqlite::{Connection, OptionalExtension, Row, params};
use stackql_engine::StoredKind;

use super::error::BackendError;
use crate::objects::{ObjectEntry, ObjectRow};
use crate::{objects, schema_json};

const COLUMNS: &str = "name, kind, text, schema, place";

/// All objects, ordered by name.
pub(crate) fn list(connection: &Connection) -> Result<Vec<ObjectEntry>, BackendError> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM \"__stackql__objects\" ORDER BY name"))?;
    let all = statement.query_map([], written)?;
    all.map(|written| Ok(written?.row_to_object()?)).collect()
}

/// Looks an object up by name, ignoring ASCII case.
pub(crate) fn find(connection: &Connection, name: &str) -> Result<Option<ObjectEntry>, BackendError> {
    let query = format!("SELECT {COLUMNS} FROM \"__stackql__objects\" WHERE name = ?1");
    Ok(connection.query_row(&query, [name], written).optional()?.map(ObjectRow::row_to_object).transpose()?)
}

/// Looks up an object that must exist and be of one of these kinds.
pub(crate) fn need(connection: &Connection, kinds: &[StoredKind], name: &str) -> Result<ObjectEntry, BackendError> {
    Ok(objects::require(find(connection, name)?, kinds, name)?)
}

/// Checks that an object was neither dropped nor created anew since `known` was looked up.
pub(crate) fn still(connection: &Connection, known: &ObjectEntry) -> Result<(), BackendError> {
    Ok(objects::check_unchanged(find(connection, &known.made.name)?, known)?)
}

/// Inserts an object, replacing the one with the same name.
pub(crate) fn put(
    connection: &Connection,
    ObjectEntry { made, table_name: place }: &ObjectEntry,
) -> Result<(), BackendError> {
    connection.execute(
        &format!("REPLACE INTO \"__stackql__objects\" ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5)"),
        params![made.name, made.kind.to_string(), made.text, schema_json::write(&made.schema), place],
    )?;
    Ok(())
}

/// Deletes an object from the catalog.
pub(crate) fn forget(connection: &Connection, name: &str) -> Result<(), BackendError> {
    connection.execute("DELETE FROM \"__stackql__objects\" WHERE name = ?1", [name])?;
    Ok(())
}

fn written(row: &Row<'_>) -> rusqlite::Result<ObjectRow> {
    let (name, kind, text) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(ObjectRow { name, kind, text, schema: row.get(3)?, place: row.get(4)? })
}
