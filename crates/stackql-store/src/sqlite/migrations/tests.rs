//! Steps from one version of a file to the next.

use super::*;

fn version(connection: &Connection) -> i32 {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn a_file_of_an_older_version_takes_the_steps_it_lacks() {
    let mut connection = Connection::open_in_memory().unwrap();
    take(&mut connection, &["CREATE TABLE first (x)", "CREATE TABLE second (x)"]).unwrap();
    assert_eq!((version(&connection), standing(&mut connection).unwrap()), (2, SchemaState::Current));
    connection.execute_batch("INSERT INTO first VALUES (7); PRAGMA user_version = 1").unwrap();
    assert_eq!(standing(&mut connection).unwrap(), SchemaState::Outdated);
    take(&mut connection, &["nonsense", "ALTER TABLE first ADD COLUMN y DEFAULT 8"]).unwrap();
    let row: (i64, i64) = connection.query_row("SELECT x, y FROM first", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    assert_eq!((row, version(&connection)), ((7, 8), 2));
}

#[test]
fn steps_are_all_taken_or_none() {
    let mut connection = Connection::open_in_memory().unwrap();
    take(&mut connection, &["CREATE TABLE first (x)", "nonsense"]).unwrap_err();
    assert_eq!(version(&connection), 0);
    assert_eq!(standing(&mut connection).unwrap(), SchemaState::Outdated);
    migrate(&mut connection).unwrap();
    assert_eq!(standing(&mut connection).unwrap(), SchemaState::Current);
}
