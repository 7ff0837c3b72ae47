//! Statements in PostgreSQL's own SQL do what they may, and no more.

use arrow::array::{BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array};

use super::psql::texts;
use super::*;

pub(super) async fn all(own: &OwnServer<'_>) {
    let store = own.store();
    store.create(&notes(), false, none()).await.unwrap();
    store.insert("notes", given([note("milk", 1), note("bread", 2)])).await.unwrap();
    store.create(&numbers("sums"), false, given([batch([1, 2, 3])])).await.unwrap();
    own.run("CREATE TABLE theirs (n int); INSERT INTO theirs VALUES (1)").await;
    nothing_else_is_changed(&store).await;
    queries_have_the_types_of_what_they_find(&store).await;
    what_a_query_sets_goes_with_it(&store).await;
    rows_of_tables_are_changed(&store).await;
    a_query_without_an_end_ends_with_who_asked(own, &store).await;
}

async fn nothing_else_is_changed(store: &PostgresStore) {
    let theirs = async || store.query("SELECT * FROM theirs").await.unwrap();
    let before = (
        store.list().await.unwrap(),
        super::all(store, "notes").await,
        stored_numbers(store, "sums").await,
        theirs().await,
    );
    for statement in [
        "UPDATE \"__stackql__objects\" SET text = 'x'",
        "DELETE FROM \"__stackql__form\"",
        "WITH gone AS (DELETE FROM \"__stackql__objects\" RETURNING 1) UPDATE notes SET priority = 1",
        "WITH gone AS (DELETE FROM sums RETURNING 1) UPDATE notes SET priority = 1",
        "UPDATE sums SET n = 0",
        "DELETE FROM theirs",
        "DROP TABLE notes",
        "TRUNCATE notes",
        "ALTER TABLE notes RENAME TO mine",
        "CREATE TABLE more (x int)",
        "COPY notes FROM '/nowhere'",
        "COPY notes TO STDOUT",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "VACUUM",
        "LOCK TABLE notes IN ROW EXCLUSIVE MODE",
        "SELECT * FROM notes",
        "WITH w AS (SELECT * FROM notes) SELECT * FROM w",
        "EXPLAIN ANALYZE DELETE FROM notes",
        "DELETE FROM notes; DELETE FROM notes",
        "DELETE FROM notes WHERE note = $1",
        "UPDATE nowhere SET x = 1",
        "",
        "nonsense",
        "\0",
    ] {
        let changed = store.change(statement).await;
        refused(changed.err().unwrap_or_else(|| panic!("{statement} was run")));
        match store.query(statement).await {
            Ok(_) => {
                assert!(statement.ends_with("SELECT * FROM notes") || statement.ends_with("FROM w"), "{statement}")
            }
            Err(error) => drop(refused(error)),
        }
        let after = (
            store.list().await.unwrap(),
            super::all(store, "notes").await,
            stored_numbers(store, "sums").await,
            theirs().await,
        );
        assert_eq!(after, before, "{statement}");
    }
}

async fn queries_have_the_types_of_what_they_find(store: &PostgresStore) {
    let found = store
        .query(
            "SELECT note, priority, 'NaN'::float8 AS half, priority = 1 AS one, '\\xff'::bytea AS bytes, NULL AS none, \
             1.50 * priority AS money, '2024-10-04'::date AS day, sum(priority) OVER () AS sum, ARRAY[1, 2] AS list, \
             '{\"a\": 1}'::jsonb AS tags, 'infinity'::timestamptz AS at FROM notes ORDER BY priority; -- all",
        )
        .await
        .unwrap();
    let column = |index: usize| found.column(index).as_any();
    assert_eq!(column(0).downcast_ref(), Some(&StringArray::from(vec!["milk", "bread"])));
    assert_eq!(column(1).downcast_ref(), Some(&Int64Array::from(vec![1, 2])));
    assert!(column(2).downcast_ref::<Float64Array>().unwrap().value(0).is_nan());
    assert_eq!(column(3).downcast_ref(), Some(&BooleanArray::from(vec![true, false])));
    assert_eq!(column(4).downcast_ref(), Some(&BinaryArray::from(vec![b"\xff".as_slice(); 2])));
    assert_eq!(column(5).downcast_ref(), Some(&StringArray::from(vec![None::<&str>, None])));
    let money = Decimal128Array::from(vec![150, 300]).with_precision_and_scale(3, 2).unwrap();
    assert_eq!(column(6).downcast_ref(), Some(&money));
    assert_eq!(column(7).downcast_ref(), Some(&Date32Array::from(vec![20_000, 20_000])));
    let sum = Decimal128Array::from(vec![3, 3]).with_precision_and_scale(1, 0).unwrap();
    assert_eq!(column(8).downcast_ref::<Decimal128Array>().map(|sums| sums.value(0)), Some(sum.value(0)));
    assert_eq!(column(9).downcast_ref(), Some(&StringArray::from(vec!["{1,2}", "{1,2}"])));
    assert_eq!(found.schema().field(10).metadata().get("stackql.format").map(String::as_str), Some("json"));
    assert_eq!(column(11).downcast_ref(), Some(&StringArray::from(vec!["infinity", "infinity"])));
    let empty = store.query("WITH w AS (SELECT * FROM sums) SELECT n, n FROM w WHERE n > 9").await.unwrap();
    assert_eq!((empty.num_columns(), empty.num_rows()), (2, 0));
    let error = store.query("SELECT\n  colour\nFROM notes").await.unwrap_err();
    assert_eq!(refused(error), "column \"colour\" does not exist");
    let error = store.query("SELECT nextval('x')").await.unwrap_err();
    assert_eq!(refused(error), "relation \"x\" does not exist");
    let error = store.query("INSERT INTO notes VALUES ('x', 1) RETURNING note").await.unwrap_err();
    let words = "the statement does what it may not (cannot execute INSERT in a read-only transaction); it may read what \
                 was made here, and change the rows of tables";
    assert_eq!(refused(error), words);
}

async fn what_a_query_sets_goes_with_it(store: &PostgresStore) {
    store.query("SELECT set_config('search_path', 'nowhere', false), pg_advisory_lock(1)").await.unwrap();
    assert_eq!(store.query("SELECT * FROM notes").await.unwrap().num_rows(), 2);
    let locks = "SELECT locktype FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()";
    for _ in 0..100 {
        if texts(&store.query(locks).await.unwrap()).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the lock is still there");
}

async fn rows_of_tables_are_changed(store: &PostgresStore) {
    assert_eq!(store.change("UPDATE notes SET priority = priority + 1").await.unwrap(), 2);
    assert_eq!(store.change("DELETE FROM Notes WHERE note IN (SELECT 'milk' FROM sums)").await.unwrap(), 1);
    let upsert = "INSERT INTO notes VALUES ('bread', 9), ('tea', 1) ON CONFLICT (note) DO UPDATE SET priority = 0";
    assert_eq!(store.change(upsert).await.unwrap(), 2);
    assert_eq!(store.change("WITH w AS (SELECT 1) UPDATE notes SET priority = 2 RETURNING note").await.unwrap(), 2);
    let clash = refused(store.change("UPDATE notes SET note = 'one'").await.unwrap_err());
    let words = "duplicate key value violates unique constraint \"notes_note_key\": Key (note)=(one) already exists";
    assert_eq!(clash, words);
    assert_eq!(store.change("DELETE FROM notes").await.unwrap(), 2);
    assert_eq!(super::all(store, "notes").await.num_rows(), 0);
}

async fn a_query_without_an_end_ends_with_who_asked(own: &OwnServer<'_>, store: &PostgresStore) {
    let endless =
        "WITH RECURSIVE w(n) AS (SELECT 1 UNION ALL SELECT n + 1 - 1 FROM w) SELECT count(*) AS endless FROM w";
    let asked = tokio::time::timeout(std::time::Duration::from_millis(300), store.query(endless));
    assert!(asked.await.is_err());
    assert!(own.server.becomes_quiet("%endless%").await, "the server was told to stop");
    // Nor does reading go on that nobody takes the rows of.
    let many = (0..200).map(|part| batch(part * 1000..part * 1000 + 1000));
    store.create(&numbers("many"), false, given(many)).await.unwrap();
    let mut rows = store.rows("many", &[0]).await.unwrap();
    rows.next().await.unwrap().unwrap();
    drop(rows);
    assert!(own.server.becomes_quiet("%many%").await, "the server was told to stop");
    assert!(store.remove(StoredKind::MaterializedView, "many").await.unwrap());
}
