//! Work on a database that is cut off leaves what was there.

use super::*;
use crate::sqlite::blocking::CancelGuard;

#[tokio::test]
async fn work_that_nobody_waits_for_is_not_committed() {
    for store in stores().1 {
        store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
        let waiting = CancelGuard::new();
        let awaited = waiting.token();
        let written = store.database.write(&awaited, |connection| {
            connection.execute("DELETE FROM sums", [])?;
            drop(waiting);
            Ok(())
        });
        assert_eq!(written, Err(StoreError::Rows("nobody waits for what was to be kept".to_owned())));
        assert_eq!(stored_numbers(&store, "sums").await, [1]);
    }
}

#[tokio::test]
async fn a_panic_leaves_the_old_rows() {
    for store in stores().1 {
        store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
        let database = store.database.clone();
        let panicked = std::thread::spawn(move || {
            let waiting = CancelGuard::new();
            database.write(&waiting.token(), |connection| {
                connection.execute("DELETE FROM sums", [])?;
                panic!("on purpose");
                #[expect(unreachable_code, reason = "it says what the work would give")]
                Ok(())
            })
        });
        assert!(panicked.join().is_err());
        assert_eq!(store.refresh("sums", given([batch([2])])).await.unwrap(), 1);
        assert_eq!(stored_numbers(&store, "sums").await, [2]);
    }
}

#[tokio::test]
async fn a_full_disk_leaves_the_old_rows() {
    for store in stores().1 {
        store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
        store.create(&notes(), false, given([])).await.unwrap();
        let waiting = CancelGuard::new();
        store
            .database
            .with_writer(&waiting.token(), |connection| {
                let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
                Ok(connection.pragma_update_and_check(None, "max_page_count", pages + 4, |_| Ok(()))?)
            })
            .unwrap();
        let many = || given((0..20).map(|part| batch(part * 1000..part * 1000 + 1000)));
        let full = unusable(store.refresh("sums", many()).await.unwrap_err());
        assert!(full.starts_with("there is no room for what was to be written to "), "{full}");
        unusable(store.create(&numbers("sums"), true, many()).await.unwrap_err());
        unusable(store.create(&numbers("more"), false, many()).await.unwrap_err());
        let text = "x".repeat(100_000);
        unusable(store.change(&format!("INSERT INTO notes VALUES ('{text}', 1)")).await.unwrap_err());
        assert_eq!(stored_numbers(&store, "sums").await, [1]);
        assert_eq!(store.list().await.unwrap().len(), 2);
        assert_eq!(store.refresh("sums", given([batch([2])])).await.unwrap(), 1);
    }
}
