//! What is written is there in whole, or not at all.

use futures::channel::mpsc;
use futures::{SinkExt, poll};

use super::*;

#[tokio::test]
async fn rows_are_replaced() {
    for store in stores().1 {
        store.create(&numbers("sums"), false, given([batch([1, 2])])).await.unwrap();
        assert_eq!(store.refresh("sums", given([batch([]), batch([3]), batch([4, 5])])).await.unwrap(), 3);
        assert_eq!(kept(&store, "sums").await, [3, 4, 5]);
        assert_eq!(store.refresh("sums", none()).await.unwrap(), 0);
        assert_eq!(kept(&store, "sums").await, [0; 0]);
        let made = Stored { text: "SELECT 6 AS n".to_owned(), ..numbers("sums") };
        store.create(&made, true, given([batch([6])])).await.unwrap();
        assert_eq!(kept(&store, "sums").await, [6]);
        assert_eq!(store.list().await.unwrap(), [made]);
    }
}

#[tokio::test]
async fn rows_that_do_not_come_change_nothing() {
    let failing = || -> Rows {
        let failed = Err(StoreError::Rows("the API is down".to_owned()));
        stream::iter([Ok(batch([7])), failed]).boxed()
    };
    for store in stores().1 {
        store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
        let error = store.refresh("sums", failing()).await.unwrap_err();
        assert_eq!(error, StoreError::Rows("the API is down".to_owned()));
        store.create(&numbers("sums"), true, failing()).await.unwrap_err();
        store.create(&numbers("more"), false, failing()).await.unwrap_err();
        assert_eq!(store.list().await.unwrap(), [numbers("sums")]);
        assert_eq!(kept(&store, "sums").await, [1]);
    }
}

#[tokio::test]
async fn rows_of_other_columns_change_nothing() {
    for store in stores().1 {
        let two = schema(vec![Field::new("n", DataType::Int64, true), Field::new("m", DataType::Int64, true)]);
        store.create(&Stored { schema: two, ..numbers("sums") }, false, none()).await.unwrap();
        let error = store.refresh("sums", given([batch([1])])).await.unwrap_err();
        assert_eq!(refused(error), "the rows have no column m, which materialized view sums has");
        let error = store.refresh("sums", given([note("milk", 1)])).await.unwrap_err();
        assert_eq!(refused(error), "there is no column note; there are n, m");
    }
}

#[tokio::test]
async fn nobody_is_asked_for_rows_that_have_no_place() {
    for store in stores().1 {
        let untouched = || stream::poll_fn(|_| panic!("rows were asked for")).boxed();
        store.create(&numbers("sums"), false, none()).await.unwrap();
        assert!(matches!(store.create(&numbers("sums"), false, untouched()).await, Err(StoreError::Exists(_))));
        assert!(matches!(store.refresh("more", untouched()).await, Err(StoreError::Missing(_))));
        assert!(matches!(store.insert("sums", untouched()).await, Err(StoreError::Missing(_))));
    }
}

#[tokio::test]
async fn a_dropped_refresh_leaves_the_old_rows() {
    for store in stores().1 {
        store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
        let (mut rows, coming) = mpsc::channel(0);
        let mut refresh = store.refresh("sums", coming.boxed());
        let fed = async {
            for n in 2..9 {
                rows.send(Ok(batch([n]))).await.unwrap();
            }
        };
        let _ = futures::future::select(&mut refresh, Box::pin(fed)).await;
        assert!(poll!(&mut refresh).is_pending());
        drop(refresh);
        assert_eq!(kept(&store, "sums").await, [1]);
        assert_eq!(store.refresh("sums", given([batch([3])])).await.unwrap(), 1);
        assert_eq!(kept(&store, "sums").await, [3]);
    }
}

#[tokio::test]
async fn work_that_nobody_waits_for_is_not_committed() {
    for store in stores().1 {
        store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
        let waiting = crate::aside::Waiting::new();
        let awaited = waiting.awaited();
        let written = store.database.write(&awaited, |connection| {
            connection.execute("DELETE FROM sums", [])?;
            drop(waiting);
            Ok(())
        });
        assert_eq!(written, Err(StoreError::Rows("nobody waits for what was to be kept".to_owned())));
        assert_eq!(kept(&store, "sums").await, [1]);
    }
}

#[tokio::test]
async fn a_panic_leaves_the_old_rows() {
    for store in stores().1 {
        store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
        let database = store.database.clone();
        let panicked = std::thread::spawn(move || {
            let waiting = crate::aside::Waiting::new();
            database.write(&waiting.awaited(), |connection| {
                connection.execute("DELETE FROM sums", [])?;
                panic!("on purpose");
                #[expect(unreachable_code, reason = "it says what the work would give")]
                Ok(())
            })
        });
        assert!(panicked.join().is_err());
        assert_eq!(store.refresh("sums", given([batch([2])])).await.unwrap(), 1);
        assert_eq!(kept(&store, "sums").await, [2]);
    }
}

#[tokio::test]
async fn a_full_disk_leaves_the_old_rows() {
    for store in stores().1 {
        store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
        store.create(&notes(), false, given([])).await.unwrap();
        let waiting = crate::aside::Waiting::new();
        store
            .database
            .hold(&waiting.awaited(), |connection| {
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
        assert_eq!(kept(&store, "sums").await, [1]);
        assert_eq!(store.list().await.unwrap().len(), 2);
        assert_eq!(store.refresh("sums", given([batch([2])])).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn who_began_to_read_sees_what_was_there() {
    let many = |from: i64| given((0..30).map(|part| batch((part * 1000..part * 1000 + 1000).map(|n| from + n))));
    for store in stores().1 {
        store.create(&numbers("sums"), false, many(0)).await.unwrap();
        let mut reading = store.rows("sums", &[0]).await.unwrap();
        let first = reading.next().await.unwrap().unwrap();
        assert_eq!(first.num_rows(), 8192);
        assert_eq!(store.refresh("sums", many(1_000_000)).await.unwrap(), 30_000);
        let rest: Vec<RecordBatch> = reading.try_collect().await.unwrap();
        let rest = arrow::compute::concat_batches(&first.schema(), &rest).unwrap();
        assert_eq!(rest, batch(8192..30_000));
        let new = kept(&store, "sums").await;
        assert_eq!((new.len(), new[0]), (30_000, 1_000_000));
    }
}
