//! The SQLite table behind a materialized view or table: how it is made, and how it goes.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use rusqlite::{Connection, OptionalExtension};
use stackql_engine::{StoreError, StoredKind};

use super::cell::Kept;
use super::failure::Failure;
use super::fence::Fence;
use super::objects;
use crate::claim::Found;
use crate::columns::as_expected;
use crate::name::quoted;
use crate::statement::is_of_query;

/// Makes what is to be there, in place of `found`.
pub(crate) fn make(connection: &mut Connection, found: Option<&Found>, new: &Found) -> Result<(), Failure> {
    if let Some(found) = found {
        forget(connection, found)?;
    }
    let (made, place) = (&new.made, &new.place);
    let taken = "SELECT type FROM sqlite_schema WHERE name COLLATE NOCASE IN (?1, ?2)";
    if let Some(kind) = connection.query_row(taken, [&made.name, place], |row| row.get::<_, String>(0)).optional()? {
        return Err(StoreError::Exists(format!("{kind} {}, made by another program,", made.name)).into());
    }
    match made.kind {
        StoredKind::View => {}
        StoredKind::Table if !is_of_query(&made.text) => declared(connection, new)?,
        StoredKind::MaterializedView | StoredKind::Table => derived(connection, new)?,
    }
    objects::put(connection, new)
}

/// Forgets something and its rows.
pub(crate) fn forget(connection: &mut Connection, Found { made, place }: &Found) -> Result<(), Failure> {
    if made.kind != StoredKind::View {
        connection.execute_batch(&format!("DROP TABLE IF EXISTS main.{}", quoted(place)))?;
    }
    objects::forget(connection, &made.name)
}

/// A table by the statement of a user, with all the constraints they wrote.
fn declared(connection: &mut Connection, Found { made, place }: &Found) -> Result<(), Failure> {
    Fence::Make(made.name.clone()).around(connection, |connection| {
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

/// A table for the rows of a query.
fn derived(connection: &mut Connection, Found { made, place }: &Found) -> Result<(), Failure> {
    let column = |field: &Arc<Field>| {
        let required = if field.is_nullable() { "" } else { " NOT NULL" };
        Ok(format!("{} {}{required}", quoted(field.name()), Kept::of(field)?.declared()))
    };
    let columns: Vec<String> = made.schema.fields().iter().map(column).collect::<Result<_, Failure>>()?;
    connection.execute_batch(&format!("CREATE TABLE main.{} ({})", quoted(place), columns.join(", ")))?;
    Ok(())
}

fn keepable(schema: &Schema) -> Result<(), Failure> {
    schema.fields().iter().try_for_each(|field| Kept::of(field).map(|_| ()))
}
