//! What is special about PostgreSQL. One server takes seconds to start, so that all that needs one is one test.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use stackql_postgres_server::{SKIPPED, Server};

use super::*;
use crate::postgres::database::Database;
use crate::postgres::store::PostgresStore;

mod exported;
mod killed;
mod lost;
mod native;
mod psql;
mod refusals;

/// A database of its own, where names and rows of others are not.
struct OwnServer<'a> {
    server: &'a Server,
    name: &'static str,
}

impl OwnServer<'_> {
    fn dsn(&self) -> String {
        self.server.dsn_of_owner(self.name)
    }

    fn database(&self) -> Database {
        Database::new(&self.dsn(), "public".to_owned()).unwrap()
    }

    fn store(&self) -> PostgresStore {
        PostgresStore::new(self.database())
    }

    async fn run(&self, statements: &str) {
        self.server.run(self.name, statements).await;
    }
}

async fn own<'a>(server: &'a Server, name: &'static str) -> OwnServer<'a> {
    server.run("postgres", &format!("CREATE DATABASE {name}")).await;
    OwnServer { server, name }
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "whoever runs the tests is told what was not tested")]
async fn everything_holds_in_postgres() {
    let Some(server) = Server::start().await else {
        eprintln!("{SKIPPED}");
        return;
    };
    let contract = async {
        server.run("postgres", "CREATE DATABASE contract").await;
        contract::cases::all(&Place::Postgres(server.dsn_of_owner("contract"))).await;
    };
    let parts: [(&str, LocalBoxFuture<'_, ()>); 7] = [
        ("contract", Box::pin(contract)),
        ("psql", Box::pin(async { psql::all(&own(&server, "psql").await).await })),
        ("native", Box::pin(async { native::all(&own(&server, "native").await).await })),
        ("exported", Box::pin(async { exported::all(&own(&server, "exported").await).await })),
        ("refusals", Box::pin(async { refusals::all(&own(&server, "refusals").await).await })),
        ("lost", Box::pin(async { lost::all(&own(&server, "lost").await).await })),
        ("killed", Box::pin(async { killed::all(&own(&server, "killed").await).await })),
    ];
    // One that fails keeps the others from nothing.
    let mut failed = Vec::new();
    for (name, part) in parts {
        if AssertUnwindSafe(part).catch_unwind().await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

/// The process that [`killed`] kills.
#[tokio::test]
async fn child_with_slow_rows() {
    killed::child().await;
}
