//! The same tables in SQLite, which shares no code with the engine.

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use crate::tables::{REGION, REGIONS, Role, Table};

/// What `sql` gives over plain tables, the rows in an order of their own.
pub(crate) fn rows(tables: &[Table], sql: &str) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open_in_memory()?;
    for table in tables {
        create(&connection, table)?;
    }
    let mut statement = connection.prepare(sql)?;
    let width = statement.column_count();
    let mut rows = statement.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let cell = |at| {
            Ok(match row.get_ref(at)? {
                ValueRef::Null => "NULL".to_owned(),
                ValueRef::Integer(n) => n.to_string(),
                ValueRef::Real(n) => n.to_string(),
                ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
            })
        };
        out.push((0..width).map(cell).collect::<rusqlite::Result<Vec<_>>>()?.join(" | "));
    }
    out.sort();
    Ok(out)
}

fn create(connection: &Connection, table: &Table) -> rusqlite::Result<()> {
    let mut columns: Vec<String> = Vec::new();
    for column in &table.columns {
        let kind = if column.is_text { "TEXT" } else { "INTEGER" };
        columns.push(format!("{} {kind}", column.name));
        if column.role == Role::Respelled {
            columns.push(format!("{} {kind}", column.input()));
        }
    }
    columns.extend(table.is_scoped.then(|| format!("{REGION} TEXT")));
    connection.execute(&format!("CREATE TABLE {} ({})", table.name, columns.join(", ")), [])?;
    let places = vec!["?"; columns.len()].join(", ");
    let mut insert = connection.prepare(&format!("INSERT INTO {} VALUES ({places})", table.name))?;
    for row in &table.rows {
        let mut values = Vec::new();
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            let value =
                |text: String| if column.is_text { Value::Text(text) } else { Value::Integer(text.parse().unwrap()) };
            values.push(cell.map_or(Value::Null, |cell| value(column.display(cell))));
            if column.role == Role::Respelled {
                values.push(cell.map_or(Value::Null, |cell| value(column.value(cell))));
            }
        }
        values.extend(table.is_scoped.then(|| Value::Text(REGIONS[row.region].to_owned())));
        insert.execute(rusqlite::params_from_iter(values))?;
    }
    Ok(())
}
