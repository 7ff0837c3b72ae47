//! What several processes have in common.

use futures::SinkExt;
use futures::channel::mpsc;

use crate::tests::*;

pub(crate) async fn nothing_is_made_before_there_is_something_to_keep(place: &Place) {
    let store = place.fresh();
    assert_eq!(store.list().await.unwrap(), []);
    assert!(matches!(store.rows("x", &[]).await, Err(StoreError::Missing(_))));
    assert!(matches!(store.refresh("x", none()).await, Err(StoreError::Missing(_))));
    assert!(matches!(store.insert("x", none()).await, Err(StoreError::Missing(_))));
    assert!(!store.remove(StoredKind::Table, "x").await.unwrap());
    assert_eq!(store.query("SELECT 1").await.unwrap().num_rows(), 1);
    refused(store.change("DELETE FROM x").await.unwrap_err());
    store.create(&notes(), false, none()).await.unwrap();
    assert_eq!(store.list().await.unwrap(), [notes()]);
}

pub(crate) async fn what_is_kept_is_there_for_the_next_process(place: &Place) {
    let store = place.fresh();
    let Some(other) = store.another() else { return };
    store.create(&notes(), false, none()).await.unwrap();
    store.insert("notes", given([note("milk", 1)])).await.unwrap();
    store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
    assert_eq!(other.list().await.unwrap(), [notes(), numbers("sums")]);
    assert_eq!(all(&*other, "notes").await, all(&*store, "notes").await);
}

pub(crate) async fn others_see_the_old_rows_until_the_new_are_there(place: &Place) {
    let store = place.fresh();
    let Some(other) = store.another() else { return };
    store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
    let (mut rows, coming) = mpsc::channel(0);
    let refresh = store.refresh("sums", coming.boxed());
    let seen = async {
        rows.send(Ok(batch([2]))).await.unwrap();
        rows.send(Ok(batch([3]))).await.unwrap();
        assert_eq!(stored_numbers(&*other, "sums").await, [1]);
        // Rows that are slow to come keep nobody from writing.
        other.create(&numbers("more"), false, given([batch([9])])).await.unwrap();
        drop(rows);
    };
    let (refreshed, ()) = futures::join!(refresh, seen);
    assert_eq!(refreshed.unwrap(), 2);
    assert_eq!(stored_numbers(&*other, "sums").await, [2, 3]);
    assert_eq!(stored_numbers(&*store, "more").await, [9]);
}

pub(crate) async fn what_was_made_anew_meanwhile_is_left(place: &Place) {
    let store = place.fresh();
    let Some(other) = store.another() else { return };
    store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
    let anew = StoredObject { text: "SELECT 2 AS n".to_owned(), ..numbers("sums") };
    let rows = stream::once(async move {
        other.create(&anew, true, given([batch([2])])).await.unwrap();
        Ok(batch([3]))
    });
    let error = store.refresh("sums", rows.boxed()).await.unwrap_err();
    assert_eq!(refused(error), "materialized view sums was made anew while rows for it came; try again");
    assert_eq!(stored_numbers(&*store, "sums").await, [2]);
}

pub(crate) async fn many_may_make_one_place_at_once(place: &Place) {
    let store = place.fresh();
    if store.another().is_none() {
        return;
    }
    let writers = (0..8).map(|n| {
        let store = store.another().unwrap();
        async move { store.create(&numbers(&format!("sums{n}")), false, given([batch([n])])).await }
    });
    for written in futures::future::join_all(writers.map(tokio::spawn)).await {
        written.unwrap().unwrap();
    }
    assert_eq!(store.list().await.unwrap().len(), 8);
    let twice = (0..4).map(|n| {
        let store = store.another().unwrap();
        async move { store.create(&numbers("one"), false, given([batch([n])])).await }
    });
    let made = futures::future::join_all(twice.map(tokio::spawn)).await;
    let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
    assert_eq!(stored_numbers(&*store, "one").await.len(), 1);
}

pub(crate) async fn writers_at_once_do_not_meet(place: &Place) {
    let store = place.fresh();
    if store.another().is_none() {
        return;
    }
    store.create(&numbers("sums"), false, given([batch([0; 100])])).await.unwrap();
    store.create(&notes(), false, none()).await.unwrap();
    let writers = (1..6).map(|n| {
        let store = store.another().unwrap();
        async move {
            for round in 0..4 {
                store.refresh("sums", given([batch([n; 60]), batch([n; 40])])).await?;
                store.insert("notes", given([note(&format!("{n} {round}"), 0)])).await?;
                store.change("UPDATE notes SET priority = priority + 1").await?;
            }
            Ok::<_, StoreError>(())
        }
    });
    for written in futures::future::join_all(writers.map(tokio::spawn)).await {
        written.unwrap().unwrap();
    }
    let rows = stored_numbers(&*store, "sums").await;
    assert_eq!(rows, vec![rows[0]; 100]);
    assert_eq!(all(&*store, "notes").await.num_rows(), 20);
}
