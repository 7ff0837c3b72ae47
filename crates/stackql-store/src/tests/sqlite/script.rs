//! The script that is run when a database is opened.

use super::*;

#[tokio::test]
async fn it_is_run_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("init.sql");
    std::fs::write(&script, "CREATE TABLE IF NOT EXISTS rates (currency, rate); INSERT INTO rates VALUES ('EUR', 2);")
        .unwrap();
    for open in [|_| SqliteStore::in_memory(), |path| SqliteStore::open(path)] {
        let path = folder.path().join("below").join("stackql.db");
        let open = || open(path.clone()).with_script(Some(script.clone()));
        let store = open();
        assert_eq!(store.query("SELECT * FROM rates").await.unwrap().num_rows(), 1);
        assert_eq!(store.query("SELECT * FROM rates").await.unwrap().num_rows(), 1);
        store.create(&notes(), false, none()).await.unwrap();
        let again = if path.exists() { 2 } else { 1 };
        assert_eq!(open().query("SELECT * FROM rates").await.unwrap().num_rows(), again);
    }
}

#[tokio::test]
async fn its_transactions_are_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("dump.sql");
    let dump = |ends: &str| {
        let begins =
            "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE IF NOT EXISTS \"rates\"(currency, rate);\n";
        std::fs::write(&script, format!("{begins}INSERT INTO rates VALUES('EUR', 2);\n{ends}")).unwrap();
    };
    let rows = async |store: &SqliteStore| store.query("SELECT * FROM rates").await.map(|rows| rows.num_rows());
    dump("COMMIT;\nINSERT INTO rates VALUES('CHF', 1);\nBEGIN; INSERT INTO rates VALUES('NOK', 1); ROLLBACK;");
    for store in [SqliteStore::in_memory(), SqliteStore::open(folder.path().join("stackql.db"))] {
        let store = store.with_script(Some(script.clone()));
        assert_eq!(rows(&store).await.unwrap(), 2);
        store.create(&notes(), false, none()).await.unwrap();
    }
    dump("");
    let open = unusable(rows(&SqliteStore::in_memory().with_script(Some(script.clone()))).await.unwrap_err());
    assert!(open.ends_with("cannot be run: its transaction has no COMMIT"), "{open}");
    // What a script leaves undone is undone.
    dump("INSERT INTO nowhere VALUES (1); COMMIT;");
    let store = SqliteStore::open(folder.path().join("other.db")).with_script(Some(script.clone()));
    assert!(unusable(rows(&store).await.unwrap_err()).ends_with("no such table: nowhere"));
    dump("COMMIT;");
    assert_eq!(rows(&store).await.unwrap(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("init.sql");
    let store = SqliteStore::in_memory().with_script(Some(script.clone()));
    let missing = unusable(store.list().await.unwrap_err());
    let begin = format!("cannot read {}, which dbInitFilepath names: ", script.display());
    assert!(missing.starts_with(&begin), "{missing}");
    std::fs::write(&script, "CREATE TABLE rates (x); CREATE TABLE rates (x)").unwrap();
    let wrong = unusable(store.create(&notes(), false, none()).await.unwrap_err());
    assert_eq!(
        wrong,
        format!(
            "the script {}, which dbInitFilepath names, cannot be run: table rates already exists",
            script.display()
        )
    );
    std::fs::write(&script, "CREATE TABLE rates (x)").unwrap();
    store.create(&notes(), false, none()).await.unwrap();
}
