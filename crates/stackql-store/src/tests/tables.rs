//! Tables of users: what their statements say holds.

use arrow::array::Array;

use super::*;

#[tokio::test]
async fn constraints_hold_and_are_told_in_one_line() {
    for store in stores().1 {
        store.create(&notes(), false, none()).await.unwrap();
        assert_eq!(store.insert("Notes", given([note("milk", 1), note("bread", 2)])).await.unwrap(), 2);
        let before = all(&store, "notes").await;

        let twice = store.insert("notes", given([note("tea", 3), note("milk", 4)])).await.unwrap_err();
        assert_eq!(refused(twice), "UNIQUE constraint failed: notes.note");
        let urgent = store.insert("notes", given([note("tea", 100)])).await.unwrap_err();
        assert_eq!(refused(urgent), "CHECK constraint failed: priority < 100");
        let priority: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let nameless = RecordBatch::try_from_iter([("priority", priority)]).unwrap();
        let nameless = store.insert("notes", given([nameless])).await.unwrap_err();
        assert_eq!(refused(nameless), "NOT NULL constraint failed: notes.note");
        assert_eq!(all(&store, "notes").await, before);
    }
}

#[tokio::test]
async fn columns_that_are_left_out_have_their_default() {
    for store in stores().1 {
        store.create(&notes(), false, none()).await.unwrap();
        let text: ArrayRef = Arc::new(StringArray::from(vec!["milk"]));
        store.insert("notes", given([RecordBatch::try_from_iter([("NOTE", text)]).unwrap()])).await.unwrap();
        assert_eq!(all(&store, "notes").await.column(1).as_any().downcast_ref::<Int64Array>().unwrap().value(0), 7);
    }
}

#[tokio::test]
async fn values_take_the_type_of_their_column_or_are_refused() {
    for store in stores().1 {
        store.create(&notes(), false, none()).await.unwrap();
        let column = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
        let row =
            |priority| RecordBatch::try_from_iter([("note", column("milk")), ("priority", column(priority))]).unwrap();
        let words = store.insert("notes", given([row("high")])).await.unwrap_err();
        assert!(refused(words).starts_with("what is to be kept in column priority does not fit"));
        store.insert("notes", given([row("5")])).await.unwrap();
        assert_eq!(all(&store, "notes").await.column(1).as_any().downcast_ref::<Int64Array>().unwrap().value(0), 5);

        let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let strange = RecordBatch::try_from_iter([("colour", text)]).unwrap();
        let strange = store.insert("notes", given([strange])).await.unwrap_err();
        assert_eq!(refused(strange), "there is no column colour; there are note, priority");
    }
}

#[tokio::test]
async fn a_statement_makes_its_table_and_nothing_else() {
    let statement = |text: &str| Stored { text: text.to_owned(), ..notes() };
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
            let made = Stored { text: text.to_owned(), ..notes() };
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
async fn a_table_of_a_query_has_its_rows() {
    for store in stores().1 {
        let made = Stored {
            text: "CREATE TABLE copied AS SELECT n FROM cloud.compute.instances".to_owned(),
            kind: StoredKind::Table,
            ..numbers("copied")
        };
        store.create(&made, false, given([batch([1, 2]), batch([3])])).await.unwrap();
        assert_eq!(kept(&store, "copied").await, [1, 2, 3]);
        assert_eq!(store.insert("copied", given([batch([4])])).await.unwrap(), 1);
        // Rows may come from the table that they go to.
        let own = store.rows("copied", &[0]).await.unwrap();
        assert_eq!(store.insert("copied", own).await.unwrap(), 4);
        assert_eq!(kept(&store, "copied").await, [1, 2, 3, 4, 1, 2, 3, 4]);
    }
}

#[tokio::test]
async fn null_is_told_from_nothing() {
    for store in stores().1 {
        store.create(&notes(), false, none()).await.unwrap();
        assert_eq!(store.change("INSERT INTO notes VALUES ('milk', NULL)").await.unwrap(), 1);
        assert!(all(&store, "notes").await.column(1).is_null(0));
    }
}
