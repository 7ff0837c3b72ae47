//! What is written is there in whole, or not at all.

use futures::channel::mpsc;
use futures::{SinkExt, poll};

use crate::tests::*;

pub(crate) async fn rows_are_replaced(place: &Place) {
    for store in [place.fresh()] {
        store.create(&numbers("sums"), false, given([batch([1, 2])])).await.unwrap();
        assert_eq!(store.refresh("sums", given([batch([]), batch([3]), batch([4, 5])])).await.unwrap(), 3);
        assert_eq!(stored_numbers(&*store, "sums").await, [3, 4, 5]);
        assert_eq!(store.refresh("sums", none()).await.unwrap(), 0);
        assert_eq!(stored_numbers(&*store, "sums").await, [0; 0]);
        let made = StoredObject { text: "SELECT 6 AS n".to_owned(), ..numbers("sums") };
        store.create(&made, true, given([batch([6])])).await.unwrap();
        assert_eq!(stored_numbers(&*store, "sums").await, [6]);
        assert_eq!(store.list().await.unwrap(), [made]);
    }
}

pub(crate) async fn rows_that_do_not_come_change_nothing(place: &Place) {
    let failing = || -> Rows {
        let failed = Err(StoreError::Rows("the API is down".to_owned()));
        stream::iter([Ok(batch([7])), failed]).boxed()
    };
    for store in [place.fresh()] {
        store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
        let error = store.refresh("sums", failing()).await.unwrap_err();
        assert_eq!(error, StoreError::Rows("the API is down".to_owned()));
        store.create(&numbers("sums"), true, failing()).await.unwrap_err();
        store.create(&numbers("more"), false, failing()).await.unwrap_err();
        assert_eq!(store.list().await.unwrap(), [numbers("sums")]);
        assert_eq!(stored_numbers(&*store, "sums").await, [1]);
    }
}

pub(crate) async fn rows_of_other_columns_change_nothing(place: &Place) {
    for store in [place.fresh()] {
        let two = schema(vec![Field::new("n", DataType::Int64, true), Field::new("m", DataType::Int64, true)]);
        store.create(&StoredObject { schema: two, ..numbers("sums") }, false, none()).await.unwrap();
        let error = store.refresh("sums", given([batch([1])])).await.unwrap_err();
        assert_eq!(refused(error), "the rows have no column m, which materialized view sums has");
        let error = store.refresh("sums", given([note("milk", 1)])).await.unwrap_err();
        assert_eq!(refused(error), "there is no column note; there are n, m");
    }
}

pub(crate) async fn nobody_is_asked_for_rows_that_have_no_place(place: &Place) {
    for store in [place.fresh()] {
        let untouched = || stream::poll_fn(|_| panic!("rows were asked for")).boxed();
        store.create(&numbers("sums"), false, none()).await.unwrap();
        assert!(matches!(store.create(&numbers("sums"), false, untouched()).await, Err(StoreError::Exists(_))));
        assert!(matches!(store.refresh("more", untouched()).await, Err(StoreError::Missing(_))));
        assert!(matches!(store.insert("sums", untouched()).await, Err(StoreError::Missing(_))));
    }
}

pub(crate) async fn a_dropped_refresh_leaves_the_old_rows(place: &Place) {
    for store in [place.fresh()] {
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
        assert_eq!(stored_numbers(&*store, "sums").await, [1]);
        assert_eq!(store.refresh("sums", given([batch([3])])).await.unwrap(), 1);
        assert_eq!(stored_numbers(&*store, "sums").await, [3]);
    }
}

pub(crate) async fn who_began_to_read_sees_what_was_there(place: &Place) {
    let many = |from: i64| given((0..30).map(|part| batch((part * 1000..part * 1000 + 1000).map(|n| from + n))));
    for store in [place.fresh()] {
        store.create(&numbers("sums"), false, many(0)).await.unwrap();
        let mut reading = store.rows("sums", &[0]).await.unwrap();
        let first = reading.next().await.unwrap().unwrap();
        assert_eq!(first.num_rows(), 8192);
        assert_eq!(store.refresh("sums", many(1_000_000)).await.unwrap(), 30_000);
        let rest: Vec<RecordBatch> = reading.try_collect().await.unwrap();
        let rest = arrow::compute::concat_batches(&first.schema(), &rest).unwrap();
        assert_eq!(rest, batch(8192..30_000));
        let new = stored_numbers(&*store, "sums").await;
        assert_eq!((new.len(), new[0]), (30_000, 1_000_000));
    }
}
