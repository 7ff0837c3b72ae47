//! SQLite itself, and when a result of it is the same as one of ours.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::engine::{Rows, query};

pub(crate) fn open() -> Connection {
    Connection::open_in_memory().unwrap()
}

pub(crate) fn ask(connection: &Connection, line: &str) -> Rows {
    let rows = || -> rusqlite::Result<Vec<Vec<String>>> {
        // SQLite names no columns of VALUES.
        let sql = query(line).replace("(VALUES", "(WITH t(x) AS (VALUES").replace(") AS t(x)", ") SELECT * FROM t)");
        let mut statement = connection.prepare(&sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let cell = |index| row.get_ref(index).map(text);
            all.push((0..columns).map(cell).collect::<rusqlite::Result<_>>()?);
        }
        Ok(all)
    };
    rows().map_err(|error| error.to_string())
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// Whether both refuse, or both give the same cells. Numbers are the same by value, to the last digits of a float.
pub(crate) fn same(ours: &Rows, theirs: &Rows) -> bool {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().flatten().zip(theirs.iter().flatten()).all(|(a, b)| a == b || same_number(a, b))
        }
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

fn same_number(ours: &str, theirs: &str) -> bool {
    match (ours.parse::<f64>(), theirs.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 1e-12 * a.abs().max(b.abs()),
        _ => false,
    }
}
