//! What other programs find.

use std::process::Command;

use super::*;
use crate::tests::contract::types::everything;

pub(super) async fn all(own: &OwnServer<'_>) {
    types_are_those_that_fit(own).await;
    the_program_reads_and_writes(own).await;
    types_of_statements_hold_what_they_are_for(own).await;
    tables_that_another_program_put_there_are_left(own).await;
    a_newer_schema_is_left_as_it_is(own).await;
}

async fn types_are_those_that_fit(own: &OwnServer<'_>) {
    let mut batch = everything();
    let store = own.store();
    let tags = Field::new("tags", DataType::Utf8, true)
        .with_metadata([("stackql.format".to_owned(), "json".to_owned())].into());
    let mut fields: Vec<Field> = batch.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(tags);
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(StringArray::from(vec![Some("{\"a\": 1}"), None, Some("[]")])));
    batch = RecordBatch::try_new(schema(fields), columns).unwrap();
    let made = StoredObject { name: "everything".to_owned(), schema: batch.schema(), ..numbers("") };
    store.create(&made, false, given([batch.clone()])).await.unwrap();
    assert_eq!(super::all(&store, "everything").await, batch);
    let seen = store
        .query(
            "SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute \
             WHERE attrelid = 'everything'::regclass AND attnum > 0",
        )
        .await
        .unwrap();
    assert_eq!(
        texts(&seen),
        ["text, bigint, double precision, boolean, timestamp with time zone, timestamp without time zone, bytea, \
             smallint, bigint, numeric(20,0), text, text, date, numeric(20,2), bigint, json"]
    );
    let seen = store.query("SELECT concat_ws(' ', time, local, day, money, huge, tags->>'a') FROM everything LIMIT 1");
    let expected = "2023-11-14 22:13:20.123+00 2023-11-14 22:13:20.000001 2024-10-04 123.45 18446744073709551615 1";
    assert_eq!(texts(&seen.await.unwrap()), [expected]);
}

/// A column of texts.
pub(super) fn texts(batch: &RecordBatch) -> Vec<&str> {
    batch.column(0).as_any().downcast_ref::<StringArray>().unwrap().iter().flatten().collect()
}

async fn the_program_reads_and_writes(own: &OwnServer<'_>) {
    let store = own.store();
    store.create(&StoredObject { name: "Notes".to_owned(), ..notes() }, false, none()).await.unwrap();
    store.insert("notes", given([note("milk", 1), note("bread", 2)])).await.unwrap();
    let psql = |asked: &str| {
        let psql = Command::new("psql").args(["-X", "-A", "-t", "-d", &own.dsn(), "-c", asked]).output();
        psql.ok().map(|done| String::from_utf8(done.stdout).unwrap())
    };
    let Some(printed) = psql("SELECT * FROM Notes ORDER BY priority") else {
        #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped: there is no program psql");
        }
        return;
    };
    assert_eq!(printed, "milk|1\nbread|2\n");
    assert_eq!(psql("UPDATE notes SET priority = 9").unwrap(), "UPDATE 2\n");
    let rows = super::all(&store, "notes").await;
    assert_eq!(rows.column(1).as_any().downcast_ref(), Some(&Int64Array::from(vec![9, 9])));
}

async fn types_of_statements_hold_what_they_are_for(own: &OwnServer<'_>) {
    let store = own.store();
    let made = StoredObject {
        name: "typed".to_owned(),
        text: "CREATE TABLE typed (id INTEGER, at TIMESTAMPTZ, price NUMERIC(6, 2), tags JSONB, short VARCHAR(3), \
               done BOOLEAN DEFAULT 0, small SMALLINT)"
            .to_owned(),
        kind: StoredKind::Table,
        schema: schema(vec![
            Field::new("id", DataType::Int64, true),
            Field::new("at", DataType::Utf8, true),
            Field::new("price", DataType::Float64, true),
            Field::new("tags", DataType::Utf8, true),
            Field::new("short", DataType::Utf8, true),
            Field::new("done", DataType::Boolean, true),
            Field::new("small", DataType::Int64, true),
        ]),
    };
    store.create(&made, false, none()).await.unwrap();
    let one = |name: &str, values: ArrayRef| {
        given([RecordBatch::try_from_iter_with_nullable([(name, values, true)]).unwrap()])
    };
    let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
    let number = |value: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![value])) };
    for (name, values) in [
        ("id", number(i64::MAX)),
        ("at", text("2024-01-31T12:00:00Z")),
        ("price", text("12.5")),
        ("tags", text("{\"b\": 1, \"a\": 2}")),
        ("short", text("abc")),
        ("small", number(7)),
    ] {
        assert_eq!(store.insert("typed", one(name, values)).await.unwrap(), 1, "{name}");
    }
    for (name, values, words) in [
        ("at", text("soon"), "invalid input syntax for type timestamp with time zone: \"soon\""),
        ("tags", text("{"), "invalid input syntax for type json: The input string ended unexpectedly"),
        ("short", text("abcd"), "value too long for type character varying(3)"),
        ("small", number(1 << 40), "smallint out of range"),
        (
            "price",
            text("12345"),
            "numeric field overflow: A field with precision 6, scale 2 must round to an absolute value less than 10^4",
        ),
        (
            "short",
            text("a\0b"),
            "what is to be kept in column short is text with a zero character, which PostgreSQL has no place for; leave \
             it out by replace(…, chr(0), '')",
        ),
    ] {
        assert_eq!(refused(store.insert("typed", one(name, values)).await.unwrap_err()), words);
    }
    let rows = super::all(&store, "typed").await;
    let shown = arrow::util::pretty::pretty_format_batches(&[rows]).unwrap().to_string();
    for (at, words) in [
        (3, "| 9223372036854775807 |                        |       |                  |       | false |       |"),
        (4, "|                     | 2024-01-31 12:00:00+00 |       |                  |       | false |       |"),
        (5, "|                     |                        | 12.5  |                  |       | false |       |"),
        (6, "|                     |                        |       | {\"a\": 2, \"b\": 1} |       | false |       |"),
    ] {
        assert_eq!(shown.lines().nth(at), Some(words), "{shown}");
    }
    store.change("UPDATE typed SET at = 'infinity'").await.unwrap();
    super::all(&store, "typed").await;

    let unread = StoredObject {
        name: "spans".to_owned(),
        text: "CREATE TABLE spans (span INTERVAL)".to_owned(),
        kind: StoredKind::Table,
        schema: schema(vec![Field::new("span", DataType::Int64, true)]),
    };
    let unread = store.create(&unread, false, none()).await.unwrap_err();
    assert_eq!(refused(unread), "cannot cast type interval to bigint");
    let unknown = StoredObject { text: "CREATE TABLE spans (span BINT)".to_owned(), ..made_of_span() };
    assert_eq!(refused(store.create(&unknown, false, none()).await.unwrap_err()), "type \"bint\" does not exist");
    let endless = StoredObject { kind: StoredKind::MaterializedView, ..made_of_time() };
    store.create(&endless, false, none()).await.unwrap();
    own.run("INSERT INTO times VALUES ('infinity')").await;
    let Err(error) = store.rows("times", &[0]).await else { panic!("it has no end") };
    assert_eq!(
        unusable(error),
        "column at of materialized view times holds a time without end, which is no Timestamp(ms, \"+00:00\"); change it by \
         UPDATE, or delete the row"
    );
    let long = "x".repeat(64);
    let error = refused(store.create(&numbers(&long), false, none()).await.unwrap_err());
    assert!(error.starts_with("the name of table xxx") && error.contains("63 bytes"), "{error}");
}

fn made_of_span() -> StoredObject {
    StoredObject {
        name: "spans".to_owned(),
        kind: StoredKind::Table,
        schema: schema(vec![Field::new("span", DataType::Int64, true)]),
        ..notes()
    }
}

fn made_of_time() -> StoredObject {
    let ty = DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, Some("+00:00".into()));
    StoredObject { schema: schema(vec![Field::new("at", ty, true)]), ..numbers("times") }
}

async fn tables_that_another_program_put_there_are_left(own: &OwnServer<'_>) {
    own.run("CREATE TABLE theirs (n int); INSERT INTO theirs VALUES (1)").await;
    let store = own.store();
    for replace in [false, true] {
        let taken = store.create(&numbers("Theirs"), replace, none()).await.unwrap_err();
        assert_eq!(taken.to_string(), "table Theirs, made by another program, exists already");
    }
    assert!(!store.remove(StoredKind::Table, "theirs").await.unwrap());
    refused(store.change("DELETE FROM theirs").await.unwrap_err());
    assert_eq!(store.query("SELECT * FROM theirs").await.unwrap().num_rows(), 1);
    // What they took away can be made again.
    store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
    own.run("DROP TABLE sums").await;
    refused(store.refresh("sums", given([batch([2])])).await.unwrap_err());
    store.create(&numbers("sums"), true, given([batch([2])])).await.unwrap();
    assert_eq!(stored_numbers(&store, "sums").await, [2]);
}

async fn a_newer_schema_is_left_as_it_is(own: &OwnServer<'_>) {
    own.run("UPDATE \"__stackql__form\" SET version = 99").await;
    let store = own.store();
    for error in [
        store.list().await.unwrap_err(),
        store.create(&numbers("sums"), true, none()).await.unwrap_err(),
        store.refresh("sums", none()).await.unwrap_err(),
        store.change("DELETE FROM notes").await.unwrap_err(),
        store.remove(StoredKind::MaterializedView, "sums").await.unwrap_err(),
    ] {
        let expected = format!(
            "schema public of postgres://127.0.0.1:{}/psql was written by a newer version of this program (form 99 of the \
             schema); update this one, or name another schema",
            own.server.port
        );
        assert_eq!(unusable(error), expected);
    }
}
