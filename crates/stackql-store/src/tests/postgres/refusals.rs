//! What is said where the database cannot be used; never the password.

use std::time::Duration;

use stackql_postgres::TlsOptions;
use stackql_postgres_server::testdata;

use super::*;
use crate::postgres::database::Database;

async fn error_text(database: Database) -> String {
    let store = PostgresStore::new(database);
    let words = unusable(store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap_err());
    assert!(!format!("{words}{store:?}").contains("hush"), "{words}");
    words
}

pub(super) async fn all(own: &OwnServer<'_>) {
    let place = format!("postgres://127.0.0.1:{}/refusals", own.server.port);
    let at = |dsn: String| Database::new(&dsn, "public".to_owned()).unwrap();
    let nobody = at("postgres://u:hush@127.0.0.1:1/fleet".to_owned());
    let words = error_text(nobody).await;
    assert!(words.starts_with("cannot connect to postgres://127.0.0.1:1/fleet: Connection refused"), "{words}");
    assert!(words.ends_with("; check the address in the dsn and that the database runs"), "{words}");
    let wrong = error_text(at(own.dsn().replace("hush-owner", "hush"))).await;
    let expected = format!(
        "cannot connect to {place}: password authentication failed for user \"owner\"; check user and password of the dsn"
    );
    assert_eq!(wrong, expected);
    let elsewhere = error_text(at(own.server.dsn_of_owner("navy"))).await;
    assert!(
        elsewhere.ends_with("/navy: database \"navy\" does not exist; create it, or name another in the dsn"),
        "{elsewhere}"
    );
    let no_dsn = Database::new("host=h hush=1", "public".to_owned()).unwrap_err();
    assert_eq!(
        unusable(no_dsn),
        "the dsn of the SQL backend is no address of a PostgreSQL database; write it as \
         postgres://user:password@host:5432/database"
    );

    let rules = own.store().query("SHOW hba_file").await.unwrap();
    let rules = psql::texts(&rules)[0].to_owned();
    let before = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(
        &rules,
        format!("hostssl refusals owner all scram-sha-256\nhost refusals owner all reject\n{before}"),
    )
    .unwrap();
    own.server.run("postgres", "SELECT pg_reload_conf()").await;
    let open = loop {
        match PostgresStore::new(own.database()).list().await {
            // The rules are not read yet.
            Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => break unusable(error),
        }
    };
    assert!(open.starts_with(&format!("cannot connect to {place}: ")), "{open}");
    assert!(open.ends_with("; add sslmode=require to the dsn"), "{open}");
    std::fs::write(&rules, before).unwrap();
    own.server.run("postgres", "SELECT pg_reload_conf()").await;
    while PostgresStore::new(own.database()).list().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    own.run("CREATE ROLE reader LOGIN PASSWORD 'hush-hush'; REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let reader = || at(own.server.dsn("reader:hush-hush", "refusals"));
    let denied = error_text(reader()).await;
    let expected = format!(
        "{place}: permission denied for schema public; grant it, or name another schema by schemata.tableSchema"
    );
    assert_eq!(denied, expected);
    assert_eq!(PostgresStore::new(reader()).list().await.unwrap(), []);

    let secure = format!("{}?sslmode=require", own.dsn());
    let words = error_text(at(secure.clone())).await;
    assert!(words.contains("UnknownIssuer") && words.contains("--tls.CABundle"), "{words}");
    let trust = TlsOptions { ca_bundle: Some(testdata("ca.pem")), allow_insecure: false };
    let store = PostgresStore::new(Database { trust, ..at(secure) });
    store.create(&numbers("sums"), false, given([batch([1])])).await.unwrap();
    let by_tls = store.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").await.unwrap();
    assert_eq!(by_tls.column(0).as_any().downcast_ref(), Some(&arrow::array::BooleanArray::from(vec![true])));
    own.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader").await;
    let store = PostgresStore::new(reader());
    assert_eq!(stored_numbers(&store, "sums").await, [1]);
    let denied = unusable(store.refresh("sums", given([batch([2])])).await.unwrap_err());
    assert!(denied.starts_with(&format!("{place}: permission denied for table sums")), "{denied}");
    assert_eq!(stored_numbers(&store, "sums").await, [1]);

    // Somebody else holds the table, and does not let go.
    let other = own.server.owner("refusals").await.unwrap();
    other.batch_execute("BEGIN; LOCK TABLE sums IN SHARE MODE").await.unwrap();
    let impatient = PostgresStore::new(Database { lock_timeout: Duration::from_millis(60), ..own.database() });
    let locked = unusable(impatient.refresh("sums", given([batch([2])])).await.unwrap_err());
    let expected =
        format!("{place} is locked: somebody else writes to it and did not end in time; try again when it is done");
    assert_eq!(locked, expected);
    assert_eq!(stored_numbers(&impatient, "sums").await, [1]);
    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(impatient.refresh("sums", given([batch([2])])).await.unwrap(), 1);

    own.run("ALTER ROLE reader SET statement_timeout = '1ms'").await;
    let store = PostgresStore::new(reader());
    let cancelled = unusable(store.query("SELECT pg_sleep(9)").await.unwrap_err());
    let expected = format!(
        "{place} cancelled the statement (canceling statement due to statement timeout); nothing of it was kept"
    );
    assert_eq!(cancelled, expected);
    own.run("ALTER DATABASE refusals SET default_transaction_read_only = on").await;
    let only_read = unusable(own.store().refresh("sums", given([batch([3])])).await.unwrap_err());
    assert!(only_read.starts_with(&format!("{place} may only be read (cannot execute ")), "{only_read}");
    assert!(only_read.ends_with("; name another database"), "{only_read}");
    assert_eq!(stored_numbers(&own.store(), "sums").await, [2]);
}
