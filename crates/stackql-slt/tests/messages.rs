//! No message shows what the engine has inside: statements of `testdata/statements.txt`, each on its own.

use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt;
use stackql_engine::{Failure, FailureKind, Session};
use stackql_slt::World;
use stackql_store::SqliteStore;

/// What only the inside of the engine, or of the libraries below, is called.
const INSIDE: [&str; 24] = [
    "physical plan",
    "logical expression",
    "Span(",
    "Location(",
    "TokenWithSpan",
    "ValueWithSpan",
    "OuterReferenceColumn",
    "ScalarSubquery",
    "InSubquery",
    "LogicalPlan",
    "RecordBatch",
    "DataFusion",
    "datafusion",
    "sqlparser",
    "sqltorel",
    "internal error",
    "Internal error",
    "user-defined coercion",
    "Utf8",
    "Int64",
    "Float64",
    "__",
    "{ ",
    "\u{1f}",
];

/// How many statements there are at least.
const FEWEST: usize = 400;

async fn outcome(session: &Session, statement: &str) -> Result<(), Failure> {
    let answer = session.run(statement).await?;
    match answer.rows {
        Some(rows) => rows.try_for_each(|_| async { Ok(()) }).await.map_err(Failure::from),
        None => Ok(()),
    }
}

#[tokio::test]
async fn messages_are_for_a_person() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let definitions = World::definitions(&root.join("worlds/rail"), &root.join("nowhere"), root).unwrap().unwrap();
    let world = Arc::new(World::load(&root.join("worlds/rail/none")).unwrap());
    let session = Session::new(Arc::new(definitions), Arc::clone(&world) as _, world.options())
        .with_store(Arc::new(SqliteStore::in_memory()));
    let statements: Vec<&str> =
        include_str!("../testdata/statements.txt").lines().filter(|line| !line.starts_with('#')).collect();
    assert!(statements.len() >= FEWEST, "there are {} statements", statements.len());
    let mut wrong = Vec::new();
    for statement in statements {
        let Err(failure) = outcome(&session, statement).await else { continue };
        let said =
            std::iter::once(&failure.message).chain(&failure.hints).map(String::as_str).collect::<Vec<_>>().join("\n");
        // What the statement itself says may be repeated.
        let shows = INSIDE.iter().find(|inside| said.contains(*inside) && !statement.contains(*inside));
        if shows.is_some()
            || failure.kind == FailureKind::Internal
            || failure.message.contains('\n') && !said.contains('^')
        {
            wrong.push(format!("{statement}\n    {said}"));
        }
    }
    assert!(wrong.is_empty(), "{} messages are not for a person:\n{}", wrong.len(), wrong.join("\n"));
}
