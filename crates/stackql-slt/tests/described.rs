//! Every table of every published provider is listed and described, and every one with a view is planned, in one process.
//!
//! What was decoded of a few services is dropped before the next are read, so that memory does not grow with them.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at what is wrong, and says what it skips")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use arrow::array::{AsArray, RecordBatch};
use futures::TryStreamExt;
use futures::executor::block_on;
use stackql_compile::DocumentProvider;
use stackql_engine::{Session, SessionOptions};
use stackql_provider::{Definitions, LazyProvider, Origin, Providers, Verb};
use stackql_slt::World;

/// Services whose document is none in the archives; docs/registry-coverage.md says so of the same ones.
const NO_DOCUMENT: [(&str, &str, &str); 3] =
    [("aws", "v00.00.00000", "ec2"), ("googleapis.com", "v00.00.00000", "compute"), ("k8s", "v00.00.00000", "core_v1")];

/// As many as docs/registry-coverage.md counts.
const TABLES: usize = 18151;

/// How many of them are read by a view.
const VIEWS: usize = 2385;

/// How many services are kept at once: opening the documents anew costs as well.
const KEPT: usize = 16;

/// A version of a provider's documents.
struct Version {
    directory: String,
    version: String,
    folder: PathBuf,
    services: Vec<String>,
}

#[test]
fn every_table_is_listed_and_described() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let scratch = tempfile::tempdir().unwrap();
    let Ok(directories) = fs::read_dir(shared.join("registry/providers/dist")) else {
        println!("skipped: no shared data");
        return;
    };
    let directories = directories.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let archives = directories.flat_map(|path| fs::read_dir(path).unwrap()).map(|entry| entry.unwrap().path());
    let versions = on_all_cores(archives.collect(), |archive: PathBuf| {
        let [directory, version] = [archive.parent().unwrap().file_name(), archive.file_stem()]
            .map(|name| name.unwrap().to_str().unwrap().to_owned());
        let folder = World::unpacked(&directory, &version, &shared, scratch.path()).unwrap().unwrap();
        let provider = DocumentProvider::open(&folder, None).unwrap();
        let services = provider.provider().services.iter().map(|service| service.name.clone()).collect();
        Version { directory, version, folder, services }
    });
    assert_eq!(versions.len(), 17);

    let parts = versions.iter().flat_map(|version| version.services.chunks(KEPT).map(move |part| (version, part)));
    let described = on_all_cores(parts.collect(), |(version, part)| described(version, part));
    let mut missing: Vec<_> = described.iter().flat_map(|described| described.missing.clone()).collect();
    missing.sort_unstable();
    assert_eq!(missing, NO_DOCUMENT);
    assert_eq!(described.iter().map(|described| described.tables).sum::<usize>(), TABLES);
    assert_eq!(described.iter().map(|described| described.views).sum::<usize>(), VIEWS);
}

/// What came of some services.
#[derive(Default)]
struct Described<'a> {
    tables: usize,
    /// Those of them that are read by a view.
    views: usize,
    /// Services without a document.
    missing: Vec<(&'a str, &'a str, &'a str)>,
}

/// Lists and describes the tables of some services.
fn described<'a>(version: &'a Version, services: &'a [String]) -> Described<'a> {
    let installed = DocumentProvider::open(&version.folder, None).unwrap();
    let definitions = Arc::new(Providers::new(vec![(Box::new(installed), Origin::Documents(String::new()))]));
    let provider = definitions.providers().pop().unwrap().name;
    let session = Session::new(Arc::clone(&definitions) as _, Arc::new(World::silent()), SessionOptions::default());
    let mut done = Described::default();
    for name in services {
        let service = match definitions.service(&provider, name) {
            Ok(service) => service,
            Err(error) => {
                assert!(error.to_string().contains("is no OpenAPI document"), "{provider}.{name}: {error}");
                done.missing.push((&version.directory, &version.version, name));
                continue;
            }
        };
        for entry in &service.resources {
            let resource = definitions.resource(&provider, name, &entry.name).unwrap();
            let table = format!("{provider}.{name}.\"{}\"", resource.name);
            let (listed, _) = rows(&session, &format!("SHOW METHODS IN {table}"));
            assert_eq!(listed, resource.methods.len() + resource.readable_views().count(), "{table}");
            let (columns, note) = rows(&session, &format!("DESCRIBE EXTENDED {table}"));
            done.tables += 1;
            if let Some(view) = resource.readable_views().next() {
                assert!(columns > 0, "{table}");
                let given: Vec<String> = view.required.iter().map(|name| format!("{name} = 'given'")).collect();
                let condition =
                    if given.is_empty() { String::new() } else { format!(" WHERE {}", given.join(" AND ")) };
                explained(&session, &table, &condition);
                done.views += 1;
                continue;
            }
            assert_eq!(columns, resource.columns.len(), "{table}");
            // Only what answers SELECT has columns; of others DESCRIBE says that they have none.
            let selects = resource.methods.iter().any(|method| method.verb == Verb::Select);
            let is_said = note.is_some_and(|note| note.contains("has no method that answers SELECT"));
            assert_eq!(is_said, !selects, "{table}");
        }
    }
    done
}

/// Plans a reading of a table by its view, with nothing but what the view asks for.
fn explained(session: &Session, table: &str, condition: &str) {
    let answer = block_on(session.run(&format!("EXPLAIN SELECT * FROM {table}{condition}"))).unwrap();
    let batches: Vec<RecordBatch> = block_on(answer.rows.unwrap().try_collect()).unwrap();
    let kinds = batches.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten());
    let kinds: Vec<&str> = kinds.collect();
    assert!(kinds.contains(&"view") && kinds.contains(&"call"), "{table}: {kinds:?}");
}

/// How many rows a statement gives, and what it says beside them.
fn rows(session: &Session, statement: &str) -> (usize, Option<String>) {
    let answer = block_on(session.run(statement)).unwrap();
    let batches: Vec<_> = block_on(answer.rows.unwrap().try_collect()).unwrap();
    (batches.iter().map(|batch| batch.num_rows()).sum(), answer.message)
}

/// Does the same with everything, on as many threads as there are cores.
fn on_all_cores<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let (queue, done) = (Mutex::new(items), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                while let Some(item) = { queue.lock().unwrap().pop() } {
                    let result = work(item);
                    done.lock().unwrap().push(result);
                }
            });
        }
    });
    done.into_inner().unwrap()
}
