//! The form of a database: whose it is, its version, and the steps from one version to the next.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::error::BackendError;

/// Marks a file as ours, `stql`.
pub(crate) const APPLICATION: i32 = i32::from_be_bytes(*b"stql");

/// What makes each version out of the one before; a file counts those that were taken.
const MIGRATIONS: &[&str] = &[
    // What there is. The rows of a materialized view or table are in an SQLite table of its name.
    r#"CREATE TABLE "__stackql__objects" (
           name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,
           kind TEXT NOT NULL,
           text TEXT NOT NULL,
           schema TEXT NOT NULL
       )"#,
    // In the table of this name, rather.
    r#"ALTER TABLE "__stackql__objects" ADD COLUMN place TEXT NOT NULL DEFAULT '';
       UPDATE "__stackql__objects" SET place = name WHERE kind <> 'view'"#,
];

/// How far a database is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SchemaState {
    /// As this program wants it.
    Current,
    /// Steps are to be taken.
    Outdated,
}

/// How far a database is, unless it is none of ours. Changes nothing.
pub(crate) fn standing(connection: &mut Connection) -> Result<SchemaState, BackendError> {
    // One snapshot, or another process could set the file up between two questions.
    let snapshot = connection.transaction()?;
    Ok(if steps_taken(&snapshot)? == MIGRATIONS.len() { SchemaState::Current } else { SchemaState::Outdated })
}

/// Takes the steps that are missing, all or none.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), BackendError> {
    take(connection, MIGRATIONS)
}

fn take(connection: &mut Connection, steps: &[&str]) -> Result<(), BackendError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
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
