//! Tables as SQLite makes and sees them.

use super::*;
use crate::tests::contract::types::everything;

#[tokio::test]
async fn a_statement_makes_its_table_and_nothing_else() {
    let statement = |text: &str| StoredObject { text: text.to_owned(), ..notes() };
    for store in stores().1 {
        for (text, words) in [
            ("CREATE TABLE other (note TEXT, priority INTEGER)", "not authorized"),
            ("CREATE TEMP TABLE notes (note TEXT, priority INTEGER)", "not authorized"),
            ("DROP TABLE \"__stackql__objects\"", "not authorized"),
            ("CREATE TABLE notes (note TEXT, priority INTEGER); DROP TABLE x", "no such table: x"),
            ("CREATE TABLE notes (note TEXT, priority INTEGER); SELECT 1", "Multiple statements provided"),
            ("CREATE TABLE notes (note TEXT priority", "incomplete input"),
            (
                "CREATE TABLE notes (note TEXT)",
                "the statement that makes table notes gives it the columns note, where note, priority are expected",
            ),
        ] {
            let error = store.create(&statement(text), false, none()).await.unwrap_err();
            assert_eq!(refused(error), words, "{text}");
            assert_eq!(store.list().await.unwrap(), [], "{text}");
        }
    }
}

#[tokio::test]
async fn every_kind_of_table_can_be_made() {
    for text in [
        "CREATE TABLE IF NOT EXISTS \"notes\" (note TEXT NOT NULL PRIMARY KEY, priority INTEGER) WITHOUT ROWID",
        "create table main.NOTES (note TEXT NOT NULL, priority INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (note))",
        "CREATE TABLE notes (note TEXT NOT NULL, priority INT AS (length(note)) STORED, CHECK (lower(note) = note)) STRICT;",
        "CREATE TABLE [notes] (note VARCHAR(80) NOT NULL COLLATE NOCASE, priority INTEGER NOT NULL DEFAULT (1 + 1)) -- AS",
    ] {
        for store in stores().1 {
            let made = StoredObject { text: text.to_owned(), ..notes() };
            store.create(&made, false, none()).await.unwrap();
            let milk: ArrayRef = Arc::new(StringArray::from(vec!["milk"]));
            store.insert("notes", given([RecordBatch::try_from_iter([("note", milk)]).unwrap()])).await.unwrap();
            assert_eq!(all(&store, "notes").await.num_rows(), 1, "{text}");
            assert!(store.remove(StoredKind::Table, "NOTES").await.unwrap(), "{text}");
            store.create(&notes(), false, none()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn sqlite_sees_plain_types() {
    let batch = everything();
    for store in stores().1 {
        let made = StoredObject { name: "everything".to_owned(), schema: batch.schema(), ..numbers("") };
        store.create(&made, false, given([batch.clone()])).await.unwrap();
        let seen = store
            .query(
                "SELECT typeof(text) || ' ' || typeof(integer) || ' ' || typeof(real) || ' ' || typeof(boolean) || ' ' || \
                 typeof(bytes) || ' ' || typeof(huge) || ' ' || boolean || ' ' || time || ' ' || local || ' ' || day || ' ' \
                 || money FROM everything LIMIT 1",
            )
            .await
            .unwrap();
        let seen = seen.column(0).as_any().downcast_ref::<StringArray>().unwrap().value(0);
        assert_eq!(
            seen,
            "text integer real integer blob text 1 2023-11-14T22:13:20.123Z 2023-11-14T22:13:20.000001 2024-10-04 123.45"
        );
    }
}
