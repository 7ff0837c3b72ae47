//! Runs every suite below `suites/<world>/` against its world; each file has a session and a world of its own, or what
//! `--record` kept of a real API, in the folder `cassette` of its world.
//! With `UPDATE_SUITES=1` the files are rewritten with what was answered, for a person to read.
#![expect(clippy::disallowed_methods, reason = "whether to rewrite is asked of the environment")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use stackql_call::{Request, Transport, TransportError};
use stackql_client::{CachingTransport, CallerIdentity, ReplayTransport};
use stackql_engine::Session;
use stackql_slt::{Database, World};
use stackql_store::SqliteStore;

/// Who asks in a world: it knows of nobody.
#[derive(Debug)]
struct Anybody;

#[async_trait]
impl CallerIdentity for Anybody {
    async fn identity(&self, _: &Request) -> Result<Option<String>, TransportError> {
        Ok(Some(String::new()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_suite_gives_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rewrite = std::env::var_os("UPDATE_SUITES").is_some();
    let mut failures = Vec::new();
    let mut files = 0;
    for world in std::fs::read_dir(root.join("suites")).unwrap().map(|e| e.unwrap().path()) {
        let name = world.file_name().unwrap().to_owned();
        let (folder, shared) = (root.join("worlds").join(&name), root.join("../../../shared"));
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let Some(definitions) = World::definitions(&folder, &shared, scratch).unwrap() else {
            println!("{}: skipped: no shared data", name.display());
            continue;
        };
        let definitions = Arc::new(definitions);
        for file in std::fs::read_dir(&world).unwrap().map(|e| e.unwrap().path()) {
            let place = folder.join(file.file_stem().unwrap());
            let api = Arc::new(World::load(&place).unwrap());
            let cassette = place.join("cassette");
            let transport: Arc<dyn Transport> = match cassette.is_dir() {
                true => Arc::new(ReplayTransport::open(cassette).unwrap()),
                false => Arc::new(CachingTransport::new(Arc::clone(&api) as _, Arc::new(Anybody), None)),
            };
            let session = Session::new(Arc::clone(&definitions) as _, transport, api.options())
                .with_store(Arc::new(SqliteStore::in_memory()));
            let mut runner = sqllogictest::Runner::new(|| async { Ok(Database(session.clone())) });
            runner.with_column_validator(sqllogictest::strict_column_validator);
            files += 1;
            if rewrite {
                let (validate, normalize) = (sqllogictest::default_validator, sqllogictest::default_normalizer);
                let columns = sqllogictest::strict_column_validator;
                runner.update_test_file(&file, " ", validate, normalize, columns).await.unwrap();
            } else {
                // Every record runs, so that one run shows all that is wrong.
                for record in sqllogictest::parse_file(&file).unwrap() {
                    if let Err(error) = runner.run_async(record).await {
                        failures.push(error.display(false).to_string());
                    }
                }
            }
            failures.extend(api.unused().into_iter().map(|q| format!("{}: never asked: {q}", file.display())));
        }
    }
    assert!(files > 0, "there are no suites");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
