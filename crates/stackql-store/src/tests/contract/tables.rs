//! Tables of users: what their statements say holds.

use arrow::array::Array;

use crate::tests::*;

pub(crate) async fn constraints_hold_and_are_told_in_one_line(place: &Place) {
    for store in [place.fresh()] {
        store.create(&notes(), false, none()).await.unwrap();
        assert_eq!(store.insert("Notes", given([note("milk", 1), note("bread", 2)])).await.unwrap(), 2);
        let before = all(&*store, "notes").await;

        let twice = store.insert("notes", given([note("tea", 3), note("milk", 4)])).await.unwrap_err();
        let words = store.words(
            "UNIQUE constraint failed: notes.note",
            "duplicate key value violates unique constraint \"notes_note_key\": Key (note)=(milk) already exists",
        );
        assert_eq!(refused(twice), words);
        let urgent = store.insert("notes", given([note("tea", 100)])).await.unwrap_err();
        let words = store.words(
            "CHECK constraint failed: priority < 100",
            "new row for relation \"notes\" violates check constraint \"notes_priority_check\": Failing row contains (tea, 100)",
        );
        assert_eq!(refused(urgent), words);
        let priority: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let nameless = RecordBatch::try_from_iter([("priority", priority)]).unwrap();
        let nameless = store.insert("notes", given([nameless])).await.unwrap_err();
        let words = store.words(
            "NOT NULL constraint failed: notes.note",
            "null value in column \"note\" of relation \"notes\" violates not-null constraint: Failing row contains (null, 1)",
        );
        assert_eq!(refused(nameless), words);
        assert_eq!(all(&*store, "notes").await, before);
    }
}

pub(crate) async fn columns_that_are_left_out_have_their_default(place: &Place) {
    for store in [place.fresh()] {
        store.create(&notes(), false, none()).await.unwrap();
        let text: ArrayRef = Arc::new(StringArray::from(vec!["milk"]));
        store.insert("notes", given([RecordBatch::try_from_iter([("NOTE", text)]).unwrap()])).await.unwrap();
        assert_eq!(all(&*store, "notes").await.column(1).as_any().downcast_ref::<Int64Array>().unwrap().value(0), 7);
    }
}

pub(crate) async fn values_take_the_type_of_their_column_or_are_refused(place: &Place) {
    for store in [place.fresh()] {
        store.create(&notes(), false, none()).await.unwrap();
        let column = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
        let row =
            |priority| RecordBatch::try_from_iter([("note", column("milk")), ("priority", column(priority))]).unwrap();
        let words = store.insert("notes", given([row("high")])).await.unwrap_err();
        assert!(refused(words).starts_with("what is to be kept in column priority does not fit"));
        store.insert("notes", given([row("5")])).await.unwrap();
        assert_eq!(all(&*store, "notes").await.column(1).as_any().downcast_ref::<Int64Array>().unwrap().value(0), 5);

        let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let strange = RecordBatch::try_from_iter([("colour", text)]).unwrap();
        let strange = store.insert("notes", given([strange])).await.unwrap_err();
        assert_eq!(refused(strange), "there is no column colour; there are note, priority");
    }
}

pub(crate) async fn a_table_of_a_query_has_its_rows(place: &Place) {
    for store in [place.fresh()] {
        let made = StoredObject {
            text: "CREATE TABLE copied AS SELECT n FROM cloud.compute.instances".to_owned(),
            kind: StoredKind::Table,
            ..numbers("copied")
        };
        store.create(&made, false, given([batch([1, 2]), batch([3])])).await.unwrap();
        assert_eq!(stored_numbers(&*store, "copied").await, [1, 2, 3]);
        assert_eq!(store.insert("copied", given([batch([4])])).await.unwrap(), 1);
        // Rows may come from the table that they go to.
        let own = store.rows("copied", &[0]).await.unwrap();
        assert_eq!(store.insert("copied", own).await.unwrap(), 4);
        assert_eq!(stored_numbers(&*store, "copied").await, [1, 2, 3, 4, 1, 2, 3, 4]);
    }
}

pub(crate) async fn null_is_told_from_nothing(place: &Place) {
    for store in [place.fresh()] {
        store.create(&notes(), false, none()).await.unwrap();
        assert_eq!(store.change("INSERT INTO notes VALUES ('milk', NULL)").await.unwrap(), 1);
        assert!(all(&*store, "notes").await.column(1).is_null(0));
    }
}

pub(crate) async fn rows_are_changed_whatever_letters_names_are_in(place: &Place) {
    for store in [place.fresh()] {
        let made = StoredObject {
            name: "Shelf".to_owned(),
            text: "CREATE TABLE Shelf (bookId INTEGER, \"Where\" TEXT)".to_owned(),
            kind: StoredKind::Table,
            schema: schema(vec![
                Field::new("bookId", DataType::Int64, true),
                Field::new("Where", DataType::Utf8, true),
            ]),
        };
        store.create(&made, false, none()).await.unwrap();
        let columns: [(&str, ArrayRef); 2] = [
            ("bookid", Arc::new(Int64Array::from(vec![1, i64::MAX]))),
            ("where", Arc::new(StringArray::from(vec!["top", "floor"]))),
        ];
        let books = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap();
        store.insert("SHELF", given([books])).await.unwrap();
        let change = "UPDATE \"Shelf\" SET \"Where\" = 'Shelf' WHERE bookId = 1 AND \"where\" = 'top'";
        assert_eq!(store.change(change).await.unwrap(), 1);
        assert_eq!(store.change("DELETE FROM shelf WHERE BOOKID > 1").await.unwrap(), 1);
        let rows = all(&*store, "shelf").await;
        assert_eq!(rows.schema().field(0).name(), "bookId");
        assert_eq!(rows.column(1).as_any().downcast_ref(), Some(&StringArray::from(vec!["Shelf"])));
        assert!(store.remove(StoredKind::Table, "sHELF").await.unwrap());
    }
}

pub(crate) async fn a_key_that_is_left_out_counts(place: &Place) {
    for store in [place.fresh()] {
        let made = StoredObject {
            text: "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)".to_owned(),
            schema: schema(vec![Field::new("id", DataType::Int64, true), Field::new("note", DataType::Utf8, true)]),
            ..notes()
        };
        store.create(&made, false, none()).await.unwrap();
        let text: ArrayRef = Arc::new(StringArray::from(vec!["milk", "bread"]));
        store.insert("notes", given([RecordBatch::try_from_iter([("note", text)]).unwrap()])).await.unwrap();
        assert_eq!(stored_numbers(&*store, "notes").await, [1, 2]);
    }
}
