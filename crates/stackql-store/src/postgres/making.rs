//! The table behind a materialized view or table: how it is made, and how it goes.

use std::sync::Arc;

use arrow::datatypes::Field;
use stackql_engine::{StoreError, Stored, StoredKind};

use super::declared::declared;
use super::failure::{Failure, refused};
use super::kept::{self, Kept};
use super::objects::{self, key, table};
use super::reading;
use super::session::Session;
use super::staged::Staged;
use crate::claim::Found;
use crate::columns::as_expected;
use crate::name::quoted;
use crate::statement::is_of_query;

/// How many bytes a name has at most; PostgreSQL cuts off what is more.
const LONGEST: usize = 63;

/// Makes what is to be there, in place of `found`.
pub(crate) async fn make(
    session: &Session,
    found: Option<&Found>,
    new: &Found,
    staged: Option<&Staged>,
) -> Result<(), Failure> {
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
        // What could not be read is not made.
        session.client().prepare(&reading::query(new, &made.schema)?).await?;
    }
    objects::put(session, new).await
}

/// Forgets something and its rows.
pub(crate) async fn forget(session: &Session, found: &Found) -> Result<(), Failure> {
    if found.made.kind != StoredKind::View {
        session.client().batch_execute(&format!("DROP TABLE IF EXISTS {}", table(found))).await?;
    }
    objects::forget(session, &found.made.name).await
}

/// Refuses names that cannot be had, before rows are asked for.
pub(crate) fn fits(made: &Stored) -> Result<(), StoreError> {
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

/// Refuses a name that something else has.
async fn free(session: &Session, new: &Found) -> Result<(), Failure> {
    let taken = "SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' \
         WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' ELSE 'index' END \
         FROM pg_catalog.pg_class WHERE relname = $1 \
         AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $2)";
    match session.client().query_opt(taken, &[&key(&new.made.name), &new.place]).await? {
        Some(row) => {
            let kind: &str = row.get(0);
            Err(StoreError::Exists(format!("{kind} {}, made by another program,", new.made.name)).into())
        }
        None => Ok(()),
    }
}

/// The statement that makes a table for the rows of a query.
fn derived(new: &Found, staged: Option<&Staged>) -> Result<String, Failure> {
    let column = |field: &Arc<Field>| {
        Kept::of(field)?;
        let is_json = kept::is_json(field) && staged.is_none_or(|staged| staged.is_json(field));
        let required = if field.is_nullable() { "" } else { " NOT NULL" };
        Ok(format!("{} {}{required}", quoted(&key(field.name())), kept::declared(field, is_json)))
    };
    let columns: Vec<String> = new.made.schema.fields().iter().map(column).collect::<Result<_, Failure>>()?;
    Ok(format!("CREATE TABLE {} ({})", table(new), columns.join(", ")))
}

/// What the columns of a table are called.
async fn columns(session: &Session, found: &Found) -> Result<Vec<String>, Failure> {
    Ok(types(session, found).await?.into_iter().map(|(name, _)| name).collect())
}

/// The columns of a table, and their types without lengths.
pub(crate) async fn types(session: &Session, found: &Found) -> Result<Vec<(String, String)>, Failure> {
    let types = "SELECT attname::text, format_type(atttypid, -1) FROM pg_catalog.pg_attribute \
         WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
    let rows = session.client().query(types, &[&table(found)]).await?;
    if rows.is_empty() && !found.made.schema.fields().is_empty() {
        return Err(refused(format!("table {} is gone: another program dropped it", table(found))));
    }
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
