//! A folder of `testdata` is a provider's documents, and beside them what they compile to. `UPDATE_CASES=1` writes
//! that anew.

use std::fs;
use std::path::Path;

use stackql_compile::{Coverage, DocumentProvider, Documents};
use stackql_provider::{LazyProvider, Verb};

use crate::description::describe_source;

#[test]
fn every_case_compiles_to_what_it_says() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut names: Vec<_> = fs::read_dir(&cases).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 12, "cases are missing");
    let mut differences = Vec::new();
    for case in names {
        let model = model(&case);
        let path = case.join("model.txt");
        if std::env::var_os("UPDATE_CASES").is_some() {
            fs::write(&path, &model).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != model {
            differences.push(format!("{}:\n{model}", path.display()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What is not HTTP is counted as all else is, and there when asked for.
#[test]
fn commands_and_tables_are_counted_and_there() {
    let folder = |case: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(case).join("mock/v1.0.0");
    let counted = |case: &str| {
        let coverage = Coverage::measure(&Documents::open(&folder(case)).unwrap());
        let methods: Vec<(Verb, usize)> = coverage.methods.into_iter().collect();
        (coverage.services, coverage.resources, methods, coverage.problems.len())
    };
    let commands = vec![(Verb::Select, 1), (Verb::Insert, 1), (Verb::Delete, 1)];
    assert_eq!(counted("local_commands"), (1, 3, commands, 4));
    assert_eq!(counted("database_tables"), (3, 3, vec![(Verb::Select, 3)], 4));
    let installed = DocumentProvider::open(&folder("database_tables"), None).unwrap();
    let services: Vec<&str> = installed.provider().services.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(services, ["harbour", "public", "yard"]);
    let ships = installed.resource(2, 0).unwrap();
    assert_eq!((ships.name.as_str(), ships.columns.len()), ("ships", 15));
}

/// What the documents in `<case>/<provider>/<version>` compile to.
fn model(case: &Path) -> String {
    let documents = match Documents::open(&case.join("mock/v1.0.0")) {
        Ok(documents) => documents,
        Err(problem) => return format!("no provider: {problem}\n"),
    };
    let provider = documents.provider();
    let mut out = format!("provider {} {}\n", provider.name, provider.version);
    if let Some(notice) = provider.notice() {
        out.push_str(&format!("notice: {notice}\n"));
    }
    for entry in &provider.services {
        match documents.service(&entry.name) {
            Ok(compiled) => {
                out.push_str(&describe_source(&compiled.source));
                for problem in compiled.problems {
                    out.push_str(&format!("problem: {problem}\n"));
                }
            }
            Err(problem) => out.push_str(&format!("no service {}: {problem}\n", entry.name)),
        }
    }
    let coverage = Coverage::measure(&documents);
    for method in coverage.unreachable {
        out.push_str(&format!("unreachable: {method}\n"));
    }
    for (extension, count) in coverage.unused {
        out.push_str(&format!("unused: {extension} {count}\n"));
    }
    out
}
