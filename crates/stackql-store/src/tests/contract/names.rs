//! Names: in any case of letters, with anything in them.

use crate::tests::*;

pub(crate) async fn anything_can_be_a_name(place: &Place) {
    for name in [
        "x\"; DROP TABLE \"__stackql__objects\"; --",
        "se lect",
        "select",
        "a.b",
        "ż’ 表",
        "%_'`[]",
        "\n",
        "main",
        "?1",
    ] {
        for store in [place.fresh()] {
            let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
            let batch = RecordBatch::try_from_iter_with_nullable([(name, column, true)]).unwrap();
            let made = StoredObject { schema: batch.schema(), ..numbers(name) };
            store.create(&made, false, given([batch.clone()])).await.unwrap();
            assert_eq!(store.refresh(name, given([batch.clone(), batch.clone()])).await.unwrap(), 2, "{name}");
            assert_eq!(stored_numbers(&*store, name).await, [1, 1], "{name}");
            assert!(store.remove(StoredKind::MaterializedView, name).await.unwrap(), "{name}");
            assert_eq!(store.list().await.unwrap(), []);
        }
    }
}

pub(crate) async fn names_are_found_in_any_case_and_kept_as_written(place: &Place) {
    for store in [place.fresh()] {
        store.create(&numbers("Sales"), false, given([batch([1])])).await.unwrap();
        assert_eq!(stored_numbers(&*store, "SALES").await, [1]);
        assert_eq!(store.refresh("sales", given([batch([2])])).await.unwrap(), 1);
        let again = store.create(&numbers("sALES"), false, none()).await.unwrap_err();
        assert_eq!(again, StoreError::Exists("materialized view Sales".to_owned()));
        assert_eq!(store.list().await.unwrap()[0].name, "Sales");
        store.create(&numbers("sALES"), true, none()).await.unwrap();
        assert_eq!(store.list().await.unwrap()[0].name, "sALES");
        assert!(!store.remove(StoredKind::Table, "sales").await.unwrap());
        assert!(store.remove(StoredKind::MaterializedView, "sales").await.unwrap());
        assert!(!store.remove(StoredKind::MaterializedView, "sales").await.unwrap());
    }
}

pub(crate) async fn names_of_the_stores_own_are_refused(place: &Place) {
    for name in ["sqlite_notes", "SQLite_x", "__stackql__objects", "__STACKQL__x", "", "a\0b"] {
        for store in [place.fresh()] {
            refused(store.create(&numbers(name), false, none()).await.unwrap_err());
            for kind in [StoredKind::View, StoredKind::Table] {
                refused(store.create(&StoredObject { kind, ..numbers(name) }, true, none()).await.unwrap_err());
            }
            assert!(matches!(store.rows(name, &[]).await, Err(StoreError::Missing(_))));
        }
    }
}

pub(crate) async fn names_are_shared_by_all_kinds(place: &Place) {
    for store in [place.fresh()] {
        let view = StoredObject { kind: StoredKind::View, schema: schema(vec![]), ..numbers("notes") };
        store.create(&view, false, none()).await.unwrap();
        for replace in [false, true] {
            let taken = store.create(&notes(), replace, none()).await.unwrap_err();
            assert_eq!(taken.to_string(), "view notes exists already");
        }
        let other = StoredObject { text: "SELECT 2".to_owned(), ..view.clone() };
        store.create(&other, true, none()).await.unwrap();
        assert_eq!(store.list().await.unwrap(), [other]);
        let missing = store.refresh("notes", none()).await.unwrap_err();
        assert_eq!(missing.to_string(), "there is no materialized view notes");
        assert!(matches!(store.rows("notes", &[]).await, Err(StoreError::Missing(_))));
        assert!(matches!(store.insert("notes", none()).await, Err(StoreError::Missing(_))));
    }
}
