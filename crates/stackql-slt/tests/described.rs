//! Every table of the smaller published providers is listed and described in one session.
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt;
use stackql_engine::{Session, SessionOptions};
use stackql_provider::Definitions;
use stackql_slt::World;

const PROVIDERS: [(&str, &str); 7] = [
    ("digitalocean", "v00.00.00000"),
    ("github", "v0.3.6"),
    ("k8s", "v0.1.1"),
    ("netlify", "v0.2.0"),
    ("okta", "v0.1.0"),
    ("openai", "v00.00.00000"),
    ("sumologic", "v0.1.1"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_listed_and_described() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("described");
    let mut tables = 0;
    for (directory, version) in PROVIDERS {
        let Some(definitions) = World::published(directory, version, &shared, &scratch).unwrap() else {
            println!("skipped: no shared data");
            return;
        };
        let definitions = Arc::new(definitions);
        let api = Arc::new(World::silent());
        let session = Session::new(Arc::clone(&definitions) as _, api, SessionOptions::default());
        let entry = definitions.providers().pop().unwrap();
        for service in &definitions.provider(&entry.name).unwrap().services {
            for resource in &definitions.service(&entry.name, &service.name).unwrap().resources {
                let table = format!("{}.{}.\"{}\"", entry.name, service.name, resource.name);
                let mut statements = vec![format!("SHOW METHODS IN {table}")];
                let methods = &definitions.resource(&entry.name, &service.name, &resource.name).unwrap().methods;
                if methods.iter().any(|m| m.verb == stackql_provider::Verb::Select) {
                    statements.push(format!("DESCRIBE EXTENDED {table}"));
                }
                for statement in statements {
                    let answer = session.run(&statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
                    let rows: Vec<_> = answer.rows.unwrap().try_collect().await.unwrap();
                    assert!(rows.iter().any(|batch| batch.num_rows() > 0), "{statement}: nothing");
                }
                tables += 1;
            }
        }
    }
    assert!(tables > 700, "{tables}");
}
