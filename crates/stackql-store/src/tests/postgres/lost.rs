//! Connections that end in the middle, and work that nobody waits for any more.

use futures::SinkExt;
use futures::channel::mpsc;

use super::*;

/// Ends all connections to a database but the one that does it.
async fn cut(own: &OwnServer<'_>) {
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
               AND pid <> pg_backend_pid()";
    own.run(cut).await;
}

pub(super) async fn all(own: &OwnServer<'_>) {
    let store = own.store();
    let place = format!("postgres://127.0.0.1:{}/lost", own.server.port);
    store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();

    // One that was kept is replaced without a word.
    cut(own).await;
    assert_eq!(stored_numbers(&store, "sums").await, [1]);
    cut(own).await;
    assert_eq!(
        store.change("DELETE FROM nothing").await.map_err(refused).unwrap_err(),
        "relation \"nothing\" does not exist"
    );

    // While rows come.
    let (mut rows, coming) = mpsc::channel(0);
    let refresh = store.refresh("sums", coming.boxed());
    let lost = async {
        rows.send(Ok(batch([2]))).await.unwrap();
        rows.send(Ok(batch([3]))).await.unwrap();
        cut(own).await;
        let _ = rows.send(Ok(batch([4]))).await;
        drop(rows);
    };
    let (refreshed, ()) = futures::join!(refresh, lost);
    let words = unusable(refreshed.unwrap_err());
    assert!(words.starts_with(&format!("the connection to {place} was lost (")), "{words}");
    assert!(words.ends_with("nothing of the statement was kept; try again"), "{words}");
    assert_eq!(stored_numbers(&store, "sums").await, [1]);

    // While the rows are copied: somebody holds the table, so that the statement waits in its transaction.
    let (other, watch) = (own.server.owner("lost").await.unwrap(), own.server.owner("lost").await.unwrap());
    for is_dropped in [false, true] {
        other.batch_execute("BEGIN; LOCK TABLE sums IN SHARE MODE").await.unwrap();
        let waits = async {
            let waiting =
                "SELECT FROM pg_stat_activity WHERE query LIKE 'DELETE FROM%sums%' AND wait_event_type = 'Lock'";
            while watch.query(waiting, &[]).await.unwrap().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        let mut refresh = store.refresh("sums", given([batch([5])]));
        tokio::select! {
            refreshed = &mut refresh => panic!("{refreshed:?}"),
            () = waits => {}
        }
        if is_dropped {
            drop(refresh);
        } else {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DELETE FROM%sums%'";
            watch.query(cut, &[]).await.unwrap();
            let words = unusable(refresh.await.unwrap_err());
            assert!(words.starts_with(&format!("the connection to {place} was lost (")), "{words}");
        }
        other.batch_execute("COMMIT").await.unwrap();
        assert!(own.server.becomes_quiet("DELETE FROM%sums%").await);
        assert_eq!(stored_numbers(&store, "sums").await, [1]);
        assert_eq!(store.refresh("sums", given([batch([1])])).await.unwrap(), 1);
    }

    // While rows are read.
    let many = (0..500).map(|part| batch(part * 1000..part * 1000 + 1000));
    store.create(&numbers("many"), false, given(many)).await.unwrap();
    let mut reading = store.rows("many", &[0]).await.unwrap();
    reading.next().await.unwrap().unwrap();
    cut(own).await;
    let rest: Result<Vec<RecordBatch>, StoreError> = reading.try_collect().await;
    unusable(rest.unwrap_err());
}
