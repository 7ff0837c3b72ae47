//! Schema migrations: the application and version of a file, and the steps between versions.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::error::BackendError;

/// The `application_id` of our files: `stql` in ASCII.
pub(crate) const APPLICATION: i32 = i32::from_be_bytes(*b"stql");

/// The statements that lead from each version to the next; `user_version` is the number of steps applied.
const MIGRATIONS: &[&str] = &[
    // The catalog of local objects. The rows of a materialized view or table are in an SQLite table of its name.
    r#"CREATE TABLE "__stackql__objects" (
           name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,
           kind TEXT NOT NULL,
           text TEXT NOT NULL,
           schema TEXT NOT NULL
       )"#,
    // From this version on, the table's name is in the column `place`.
    r#"ALTER TABLE "__stackql__objects" ADD COLUMN place TEXT NOT NULL DEFAULT '';
       UPDATE "__stackql__objects" SET place = name WHERE kind <> 'view'"#,
];

/// State of a database relative to [`MIGRATIONS`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SchemaState {
    /// All steps were applied.
    Current,
    /// Some steps are still to be applied.
    Outdated,
}

/// The state of a database, without changing it.
///
/// # Errors
///
/// The database belongs to another application or to a newer version.
pub(crate) fn standing(connection: &mut Connection) -> Result<SchemaState, BackendError> {
    // The values must come from one snapshot, because another process may set up the file at the same time.
    let snapshot = connection.transaction()?;
    Ok(if steps_taken(&snapshot)? == MIGRATIONS.len() { SchemaState::Current } else { SchemaState::Outdated })
}

/// Applies the steps that are missing in one transaction.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), BackendError> {
    take(connection, MIGRATIONS)
}

fn take(connection: &mut Connection, steps: &[&str]) -> Result<(), BackendError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have applied steps before this one acquired the lock.
    let taken = steps_taken(&transaction)?;
    for step in &steps[taken..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", i32::try_from(steps.len()).expect("there are few steps"))?;
    transaction.commit()?;
    Ok(())
}

fn steps_taken(transaction: &Transaction<'_>) -> Result<usize, BackendError> {
    let number = |pragma| transaction.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(0),
        (APPLICATION, version) => {
            usize::try_from(version).ok().filter(|&taken| taken <= MIGRATIONS.len()).ok_or(BackendError::Newer(version))
        }
        _ => Err(BackendError::Foreign),
    }
}

#[cfg(test)]
mod tests;
