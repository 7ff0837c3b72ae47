//! The list of what users made, a table of its own.

use rusqlite::{Connection, OptionalExtension, Row, params};
use stackql_engine::{StoreError, Stored, StoredKind};

use crate::failure::{Failure, refused};
use crate::schema;

const COLUMNS: &str = "name, kind, text, schema";

/// All there is, by name.
pub(crate) fn list(connection: &Connection) -> Result<Vec<Stored>, Failure> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM \"__stackql__objects\" ORDER BY name"))?;
    let written = statement.query_map([], Written::of)?;
    written.map(|written| written?.read()).collect()
}

/// What has this name, in any case of letters.
pub(crate) fn find(connection: &Connection, name: &str) -> Result<Option<Stored>, Failure> {
    let query = format!("SELECT {COLUMNS} FROM \"__stackql__objects\" WHERE name = ?1");
    connection.query_row(&query, [name], Written::of).optional()?.map(Written::read).transpose()
}

/// What has this name and one of these kinds, which must be there.
pub(crate) fn need(connection: &Connection, kinds: &[StoredKind], name: &str) -> Result<Stored, Failure> {
    find(connection, name)?.filter(|found| kinds.contains(&found.kind)).ok_or_else(|| {
        let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
        StoreError::Missing(format!("{} {name}", kinds.join(" or "))).into()
    })
}

/// Refuses what was made anew or is gone since it was looked at.
pub(crate) fn still(connection: &Connection, made: &Stored) -> Result<(), Failure> {
    if need(connection, &[made.kind], &made.name)? == *made {
        return Ok(());
    }
    Err(refused(format!("{} {} was made anew while rows for it came; try again", made.kind, made.name)))
}

/// Writes something down, in place of what had its name.
pub(crate) fn put(connection: &Connection, made: &Stored) -> Result<(), Failure> {
    connection.execute(
        &format!("REPLACE INTO \"__stackql__objects\" ({COLUMNS}) VALUES (?1, ?2, ?3, ?4)"),
        params![made.name, made.kind.to_string(), made.text, schema::write(&made.schema)],
    )?;
    Ok(())
}

/// Strikes something out.
pub(crate) fn forget(connection: &Connection, name: &str) -> Result<(), Failure> {
    connection.execute("DELETE FROM \"__stackql__objects\" WHERE name = ?1", [name])?;
    Ok(())
}

struct Written {
    name: String,
    kind: String,
    text: String,
    schema: String,
}

impl Written {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { name: row.get(0)?, kind: row.get(1)?, text: row.get(2)?, schema: row.get(3)? })
    }

    fn read(self) -> Result<Stored, Failure> {
        let Self { name, kind, text, schema } = self;
        let unreadable =
            |reason: String| StoreError::Unusable(format!("what is written down about {name} is damaged: {reason}"));
        let kinds = [StoredKind::View, StoredKind::MaterializedView, StoredKind::Table];
        let kind = kinds
            .into_iter()
            .find(|known| known.to_string() == kind)
            .ok_or_else(|| unreadable(format!("{kind} is no kind of thing")))?;
        let schema = schema::read(&schema).map_err(unreadable)?;
        Ok(Stored { name, kind, text, schema })
    }
}
