//! Statements in SQLite's own SQL do what they may, and no more.

use arrow::array::{BinaryArray, Float64Array};

use super::*;

async fn with_notes() -> (TempDir, [SqliteStore; 2]) {
    let (folder, stores) = stores();
    for store in &stores {
        store.create(&notes(), false, none()).await.unwrap();
        store.insert("notes", given([note("milk", 1), note("bread", 2)])).await.unwrap();
        store.create(&numbers("sums"), false, given([batch([1, 2, 3])])).await.unwrap();
    }
    (folder, stores)
}

#[tokio::test]
async fn rows_of_tables_are_changed() {
    let (_folder, stores) = with_notes().await;
    for store in stores {
        assert_eq!(store.change("UPDATE notes SET priority = priority + 1").await.unwrap(), 2);
        assert_eq!(store.change("DELETE FROM Notes WHERE note IN (SELECT 'milk' FROM sums)").await.unwrap(), 1);
        assert_eq!(store.change("REPLACE INTO notes VALUES ('bread', 9), ('tea', 1)").await.unwrap(), 2);
        assert_eq!(store.change("WITH w AS (SELECT 1) UPDATE notes SET priority = 2 RETURNING note").await.unwrap(), 2);
        let clash = store.change("UPDATE notes SET note = 'one'").await.unwrap_err();
        assert_eq!(refused(clash), "UNIQUE constraint failed: notes.note");
        assert_eq!(store.change("DELETE FROM notes").await.unwrap(), 2);
        assert_eq!(all(&store, "notes").await.num_rows(), 0);
    }
}

#[tokio::test]
async fn nothing_else_is_changed() {
    let (folder, stores) = with_notes().await;
    let elsewhere = folder.path().join("elsewhere.db");
    let elsewhere = elsewhere.display();
    for store in stores {
        let before = (store.list().await.unwrap(), all(&store, "notes").await, stored_numbers(&store, "sums").await);
        for statement in [
            "UPDATE \"__stackql__objects\" SET text = 'x'",
            "DELETE FROM __STACKQL__objects",
            "INSERT INTO notes SELECT text, 1 FROM \"__stackql__objects\"",
            "UPDATE sums SET n = 0",
            "DELETE FROM sqlite_master",
            "PRAGMA user_version = 7",
            "PRAGMA writable_schema = on",
            "UPDATE notes SET priority = (SELECT user_version FROM pragma_user_version(7))",
            "INSERT INTO notes SELECT name, 1 FROM pragma_table_info('notes')",
            "DROP TABLE notes",
            "ALTER TABLE notes RENAME TO mine",
            "CREATE TABLE more (x)",
            "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM sums; END",
            "BEGIN",
            "COMMIT",
            "ROLLBACK",
            "VACUUM",
            "SELECT load_extension('x')",
            "SELECT * FROM notes",
            "EXPLAIN DELETE FROM notes",
            "DELETE FROM notes; DELETE FROM notes",
            "DELETE FROM notes WHERE note = ?",
            "UPDATE nowhere SET x = 1",
            "",
            "nonsense",
            &format!("ATTACH '{elsewhere}' AS other"),
            &format!("VACUUM INTO '{elsewhere}'"),
        ] {
            let changed = store.change(statement).await;
            refused(changed.err().unwrap_or_else(|| panic!("{statement} was run")));
            match store.query(statement).await {
                Ok(_) => assert_eq!(statement, "SELECT * FROM notes"),
                Err(error) => drop(refused(error)),
            }
            let after = (store.list().await.unwrap(), all(&store, "notes").await, stored_numbers(&store, "sums").await);
            assert_eq!(after, before, "{statement}");
        }
    }
    assert!(!folder.path().join("elsewhere.db").exists());
}

#[tokio::test]
async fn queries_have_the_types_of_what_they_find() {
    let (_folder, stores) = with_notes().await;
    for store in stores {
        let found = store
            .query(
                "SELECT note, priority, priority * 0.5 AS half, CASE priority WHEN 1 THEN 1 ELSE 'two' END AS mixed, \
                 x'ff' AS bytes, NULL AS none FROM notes ORDER BY priority",
            )
            .await
            .unwrap();
        let column = |index: usize| found.column(index).as_any();
        assert_eq!(column(0).downcast_ref(), Some(&StringArray::from(vec!["milk", "bread"])));
        assert_eq!(column(1).downcast_ref(), Some(&Int64Array::from(vec![1, 2])));
        assert_eq!(column(2).downcast_ref(), Some(&Float64Array::from(vec![0.5, 1.0])));
        assert_eq!(column(3).downcast_ref(), Some(&StringArray::from(vec!["1", "two"])));
        assert_eq!(column(4).downcast_ref(), Some(&BinaryArray::from(vec![b"\xff".as_slice(); 2])));
        assert_eq!(column(5).downcast_ref(), Some(&StringArray::from(vec![None::<&str>, None])));
        let empty = store.query("WITH w AS (SELECT * FROM sums) SELECT n, n FROM w WHERE n > 9").await.unwrap();
        assert_eq!((empty.num_columns(), empty.num_rows()), (2, 0));
        let error = store.query("SELECT\n  colour\nFROM notes").await.unwrap_err();
        assert_eq!(refused(error), "no such column: colour");
    }
}

#[tokio::test]
async fn a_query_without_an_end_ends_with_who_asked() {
    let (_folder, stores) = with_notes().await;
    for store in stores {
        let endless = "WITH RECURSIVE w(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM w) SELECT count(*) FROM w";
        let mut asked = store.query(endless);
        assert!(futures::poll!(&mut asked).is_pending());
        drop(asked);
        // In memory, this waits for the one connection; and the runtime ends only when its threads do.
        assert_eq!(all(&store, "notes").await.num_rows(), 2);
    }
}

#[tokio::test]
async fn what_a_column_cannot_be_is_told() {
    let (_folder, stores) = with_notes().await;
    for store in stores {
        store.change("UPDATE notes SET priority = '12' WHERE note = 'milk'").await.unwrap();
        store.change("UPDATE notes SET priority = -0.5 WHERE note = 'bread'").await.unwrap();
        let Err(error) = store.rows("notes", &[1]).await else { panic!("it is a fraction") };
        assert_eq!(
            unusable(error),
            "column priority of table notes holds -0.5, which is no Int64; change it by UPDATE, or delete the row"
        );
    }
}
