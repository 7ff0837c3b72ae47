//! Creates and drops the table behind a materialized view or a table.

use std::sync::Arc;

use arrow::datatypes::Field;
use stackql_engine::{StoreError, StoredKind, StoredObject};

use super::column_codec::StorageType;
use super::connection::Session;
use super::create_table::declared;
use super::error::{BackendError, rejected};
use super::object_table::{key, table};
use super::staging::StagingTable;
use super::{column_codec, object_table, row_reader};
use crate::columns::as_expected;
use crate::create_table_as::is_of_query;
use crate::identifier::quoted;
use crate::objects::ObjectEntry;

/// Longest identifier in bytes; PostgreSQL truncates longer ones.
const LONGEST: usize = 63;

/// Creates an object, replacing `found`.
pub(crate) async fn make(
    session: &Session,
    found: Option<&ObjectEntry>,
    new: &ObjectEntry,
    staged: Option<&StagingTable>,
) -> Result<(), BackendError> {
    if let Some(found) = found {
        forget(session, found).await?;
    }
    let made = &new.made;
    if made.kind != StoredKind::View {
        free(session, new).await?;
        let of_statement = made.kind == StoredKind::Table && !is_of_query(&made.text);
        let statement = if of_statement { declared(new)? } else { derived(new, staged)? };
        session.client().batch_execute(&statement).await?;
        if of_statement {
            as_expected(made, &columns(session, new).await?)?;
        }
        // Preparing the query that reads it fails if a column could not be read back, which aborts the creation.
        session.client().prepare(&row_reader::query(new, &made.schema)?).await?;
    }
    object_table::put(session, new).await
}

/// Drops an object and its rows.
pub(crate) async fn forget(session: &Session, found: &ObjectEntry) -> Result<(), BackendError> {
    if found.made.kind != StoredKind::View {
        session.client().batch_execute(&format!("DROP TABLE IF EXISTS {}", table(found))).await?;
    }
    object_table::forget(session, &found.made.name).await
}

/// Checks that names fit PostgreSQL's limit, before the rows are requested.
///
/// # Errors
///
/// [`StoreError::Refused`] for a name that is too long.
pub(crate) fn check_names(made: &StoredObject) -> Result<(), StoreError> {
    let columns = made.schema.fields().iter().map(|field| ("column", field.name()));
    let what = if made.kind == StoredKind::View { None } else { Some(("table", &made.name)) };
    let is_long = |(_, name): &(&str, &String)| name.len() > LONGEST;
    match what.into_iter().chain(columns).find(is_long) {
        Some((what, name)) => Err(StoreError::Refused(format!(
            "the name of {what} {name} is longer than the {LONGEST} bytes that PostgreSQL has for one; give it another"
        ))),
        None => Ok(()),
    }
}

/// Checks that no other relation in the schema has the name.
async fn free(session: &Session, new: &ObjectEntry) -> Result<(), BackendError> {
    let taken = "SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' \
         WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' ELSE 'index' END \
         FROM pg_catalog.pg_class WHERE relname = $1 \
         AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $2)";
    match session.client().query_opt(taken, &[&key(&new.made.name), &new.table_name]).await? {
        Some(row) => {
            let kind: &str = row.get(0);
            Err(StoreError::Exists(format!("{kind} {}, made by another program,", new.made.name)).into())
        }
        None => Ok(()),
    }
}

/// The CREATE TABLE statement for the result of a query.
fn derived(new: &ObjectEntry, staged: Option<&StagingTable>) -> Result<String, BackendError> {
    let column = |field: &Arc<Field>| {
        StorageType::for_field(field)?;
        let is_json = column_codec::is_json(field) && staged.is_none_or(|staged| staged.is_json(field));
        let required = if field.is_nullable() { "" } else { " NOT NULL" };
        Ok(format!("{} {}{required}", quoted(&key(field.name())), column_codec::declared(field, is_json)))
    };
    let columns: Vec<String> = new.made.schema.fields().iter().map(column).collect::<Result<_, BackendError>>()?;
    Ok(format!("CREATE TABLE {} ({})", table(new), columns.join(", ")))
}

/// The column names of a table.
async fn columns(session: &Session, found: &ObjectEntry) -> Result<Vec<String>, BackendError> {
    Ok(types(session, found).await?.into_iter().map(|(name, _)| name).collect())
}

/// The column names and types of a table; types without lengths.
///
/// # Errors
///
/// The table does not exist, because another program dropped it.
pub(crate) async fn types(session: &Session, found: &ObjectEntry) -> Result<Vec<(String, String)>, BackendError> {
    let types = "SELECT attname::text, format_type(atttypid, -1) FROM pg_catalog.pg_attribute \
         WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
    let rows = session.client().query(types, &[&table(found)]).await?;
    if rows.is_empty() && !found.made.schema.fields().is_empty() {
        return Err(rejected(format!("table {} is gone: another program dropped it", table(found))));
    }
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
