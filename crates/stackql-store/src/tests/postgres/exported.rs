//! Schemas: that of the tables, and that of those which other programs are to find.

use super::psql::texts;
use super::*;
use crate::postgres::database::Database;

pub(super) async fn all(own: &OwnServer<'_>) {
    let schemas = |schema: &str, export: Option<&str>| {
        let database = Database::new(&own.dsn(), schema.to_owned()).unwrap();
        PostgresStore::new(Database { export: export.map(str::to_owned), ..database })
    };
    let store = schemas("Raw tables", Some("stackql_export"));
    store.create(&notes(), false, none()).await.unwrap();
    store.insert("Notes", given([note("milk", 1), note("bread", 2)])).await.unwrap();
    store.create(&numbers("Sums"), false, given([batch([5])])).await.unwrap();
    store.refresh("sums", given([batch([6, 7])])).await.unwrap();
    let plain = own.store();
    let tables =
        plain.query("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname !~ '^pg_|^info' ORDER BY 1");
    let expected =
        ["Raw tables.__stackql__form", "Raw tables.__stackql__objects", "stackql_export.notes", "stackql_export.sums"];
    assert_eq!(texts(&tables.await.unwrap()), expected);
    assert_eq!(plain.list().await.unwrap(), [], "the other schema is another store");
    for store in [store, schemas("Raw tables", None)] {
        assert_eq!(stored_numbers(&store, "sums").await, [6, 7]);
        assert_eq!(store.change("UPDATE \"notes\" SET priority = 9 WHERE notes.note = 'milk'").await.unwrap(), 1);
        for name in ["notes", "stackql_export.notes"] {
            assert_eq!(store.query(&format!("SELECT note FROM {name}")).await.unwrap().num_rows(), 2, "{name}");
        }
    }
    let store = schemas("Raw tables", None);
    store.create(&numbers("sums"), true, given([batch([1])])).await.unwrap();
    assert_eq!(store.query("SELECT * FROM \"Raw tables\".sums").await.unwrap().num_rows(), 1);

    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("init.sql");
    std::fs::write(&script, "CREATE TABLE IF NOT EXISTS rates (n int); INSERT INTO rates VALUES (2);").unwrap();
    let database = || Database::new(&own.dsn(), "rated".to_owned()).unwrap();
    let store = PostgresStore::new(Database { script: Some(script.clone()), ..database() });
    assert_eq!(store.list().await.unwrap(), []);
    assert_eq!(store.query("SELECT * FROM rated.rates").await.unwrap().num_rows(), 1);
    std::fs::write(&script, "CREATE TABLE more (n int); CREATE TABLE rates (n int)").unwrap();
    let store = PostgresStore::new(Database { script: Some(script), ..database() });
    let wrong = unusable(store.list().await.unwrap_err());
    assert!(wrong.ends_with("which dbInitFilepath names, cannot be run: relation \"rates\" already exists"), "{wrong}");
    refused(plain.query("SELECT * FROM rated.more").await.unwrap_err());
}
