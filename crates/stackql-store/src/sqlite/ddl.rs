//! Creates and drops the SQLite table behind a materialized view or a table.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use rusqlite::{Connection, OptionalExtension};
use stackql_engine::{StoreError, StoredKind};

use super::authorizer::StatementPolicy;
use super::column_codec::StorageType;
use super::error::BackendError;
use super::object_table;
use crate::columns::as_expected;
use crate::create_table_as::is_of_query;
use crate::identifier::quoted;
use crate::objects::ObjectEntry;

/// Creates an object, replacing `found`.
///
/// # Errors
///
/// The name is taken by a table of another program, or the table cannot be created or read back.
pub(crate) fn make(
    connection: &mut Connection,
    found: Option<&ObjectEntry>,
    new: &ObjectEntry,
) -> Result<(), BackendError> {
    if let Some(found) = found {
        forget(connection, found)?;
    }
    let (made, place) = (&new.made, &new.table_name);
    let taken = "SELECT type FROM sqlite_schema WHERE name COLLATE NOCASE IN (?1, ?2)";
    if let Some(kind) = connection.query_row(taken, [&made.name, place], |row| row.get::<_, String>(0)).optional()? {
        return Err(StoreError::Exists(format!("{kind} {}, made by another program,", made.name)).into());
    }
    match made.kind {
        StoredKind::View => {}
        StoredKind::Table if !is_of_query(&made.text) => declared(connection, new)?,
        StoredKind::MaterializedView | StoredKind::Table => derived(connection, new)?,
    }
    object_table::put(connection, new)
}

/// Drops an object and its rows.
pub(crate) fn forget(
    connection: &mut Connection,
    ObjectEntry { made, table_name: place }: &ObjectEntry,
) -> Result<(), BackendError> {
    if made.kind != StoredKind::View {
        connection.execute_batch(&format!("DROP TABLE IF EXISTS main.{}", quoted(place)))?;
    }
    object_table::forget(connection, &made.name)
}

/// Creates a table by the user's statement, with all its constraints.
fn declared(
    connection: &mut Connection,
    ObjectEntry { made, table_name: place }: &ObjectEntry,
) -> Result<(), BackendError> {
    StatementPolicy::Make(made.name.clone()).around(connection, |connection| {
        connection.prepare(&made.text)?.execute([])?;
        Ok(())
    })?;
    let mut columns = connection.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid")?;
    let columns: Vec<String> = columns.query_map([&made.name], |row| row.get(0))?.collect::<Result<_, _>>()?;
    as_expected(made, &columns)?;
    if *place != made.name {
        let (name, place) = (quoted(&made.name), quoted(place));
        connection.execute_batch(&format!("ALTER TABLE main.{name} RENAME TO {place}"))?;
    }
    keepable(&made.schema)
}

/// Creates a table for the result of a query.
fn derived(
    connection: &mut Connection,
    ObjectEntry { made, table_name: place }: &ObjectEntry,
) -> Result<(), BackendError> {
    let column = |field: &Arc<Field>| {
        let required = if field.is_nullable() { "" } else { " NOT NULL" };
        Ok(format!("{} {}{required}", quoted(field.name()), StorageType::for_field(field)?.declared()))
    };
    let columns: Vec<String> = made.schema.fields().iter().map(column).collect::<Result<_, BackendError>>()?;
    connection.execute_batch(&format!("CREATE TABLE main.{} ({})", quoted(place), columns.join(", ")))?;
    Ok(())
}

fn keepable(schema: &Schema) -> Result<(), BackendError> {
    schema.fields().iter().try_for_each(|field| StorageType::for_field(field).map(|_| ()))
}
