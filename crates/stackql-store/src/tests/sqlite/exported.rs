//! Tables that other programs find under names with something in front.

use rusqlite::Connection;

use super::*;

fn names(connection: &Connection) -> Vec<String> {
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn tables_are_found_under_both_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stackql.db");
    let store = SqliteStore::open(&path).with_export(Some("stackql_export".to_owned()));
    store.create(&notes(), false, none()).await.unwrap();
    store.insert("Notes", given([note("milk", 1), note("bread", 2)])).await.unwrap();
    store.create(&numbers("Sums"), false, given([batch([5])])).await.unwrap();
    store.refresh("sums", given([batch([6, 7])])).await.unwrap();
    let view = StoredObject { kind: StoredKind::View, schema: schema(vec![]), ..numbers("seen") };
    store.create(&view, false, none()).await.unwrap();

    let theirs = Connection::open(&path).unwrap();
    assert_eq!(names(&theirs), ["__stackql__objects", "stackql_export.Sums", "stackql_export.notes"]);
    let sum = "SELECT sum(n) FROM \"stackql_export.sums\"";
    assert_eq!(theirs.query_row(sum, [], |row| row.get::<_, i64>(0)).unwrap(), 13);

    // Statements call them by their own names, and so does who knows of no prefix.
    for store in [store, SqliteStore::open(&path)] {
        assert_eq!(stored_numbers(&store, "sums").await, [6, 7]);
        assert_eq!(store.change("UPDATE \"notes\" SET priority = 9 WHERE notes.note = 'milk'").await.unwrap(), 1);
        let where_other =
            "UPDATE notes SET priority = (SELECT max(n) FROM sums) WHERE note IN (SELECT note FROM notes)";
        assert_eq!(store.change(where_other).await.unwrap(), 2);
        refused(store.change("DELETE FROM sums").await.unwrap_err());
        let joined = "WITH w AS (SELECT * FROM sums) SELECT notes.note, w.n FROM notes JOIN w ON n = priority";
        assert_eq!(store.query(joined).await.unwrap().num_rows(), 2);
        for name in ["notes", "stackql_export.notes", "\"stackql_export.notes\""] {
            assert_eq!(store.query(&format!("SELECT note FROM {name}")).await.unwrap().num_rows(), 2, "{name}");
        }
        let own = store.query("WITH notes AS (SELECT 1 AS note) SELECT note FROM notes").await.unwrap();
        assert_eq!(own.num_rows(), 1);
    }
    // Made anew without a prefix, it is under its own name only.
    let plain = SqliteStore::open(&path);
    plain.create(&numbers("sums"), true, given([batch([1])])).await.unwrap();
    assert!(plain.remove(StoredKind::Table, "notes").await.unwrap());
    assert_eq!(names(&theirs), ["__stackql__objects", "sums"]);
}

#[tokio::test]
async fn a_file_from_before_there_were_prefixes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stackql.db");
    SqliteStore::open(&path).create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
    let older = "ALTER TABLE \"__stackql__objects\" DROP COLUMN place; PRAGMA user_version = 1";
    Connection::open(&path).unwrap().execute_batch(older).unwrap();
    assert_eq!(stored_numbers(&SqliteStore::open(&path), "sums").await, [1]);
}
