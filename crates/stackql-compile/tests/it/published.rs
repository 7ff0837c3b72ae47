//! Documents as they are published: every service compiles, or its document is at fault.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;
use stackql_call::{Operation, Value, bind, request};
use stackql_compile::{Coverage, Documents};
use stackql_provider::{BodyStyle, Provider, ServiceSource, Type, Verb};

fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/registry/providers/dist");
    if !shared.is_dir() {
        println!("skipped: no shared data");
        return None;
    }
    Some(shared)
}

/// Compiles every published version of a provider. `absent`: services whose document is not among them.
fn check(directory: &str, absent: &[&str]) {
    let Some(shared) = shared() else { return };
    let root = tempfile::tempdir().unwrap();
    let mut versions = 0;
    for archive in fs::read_dir(shared.join(directory)).unwrap() {
        let archive = archive.unwrap().path();
        let into = root.path().join(directory);
        tar::Archive::new(GzDecoder::new(File::open(&archive).unwrap())).unpack(&into).unwrap();
        let version = archive.file_stem().unwrap();
        let documents = Documents::open(&into.join(version)).unwrap();
        let coverage = Coverage::measure(&documents);
        let name = format!("{directory} {}", version.display());
        let unexpected: Vec<_> = coverage.failed.iter().filter(|f| !absent.contains(&f.as_str())).collect();
        assert!(unexpected.is_empty(), "{name}: {unexpected:?} {:?}", coverage.problems);
        assert_eq!(coverage.problems.len(), coverage.failed.len(), "{name}: {:?}", coverage.problems);
        assert!(coverage.methods.get(&Verb::Select).is_some_and(|n| *n > 0), "{name}");
        assert!(coverage.unused.is_empty(), "{name}: {:?}", coverage.unused);
        versions += 1;
    }
    assert!(versions > 0);
}

/// Every GraphQL operation becomes a method, and its templates a query.
#[test]
fn queries() {
    let Some(shared) = shared() else { return };
    let root = tempfile::tempdir().unwrap();
    let mut written = 0;
    for directory in ["cloudflare", "github"] {
        for archive in fs::read_dir(shared.join(directory)).unwrap() {
            let archive = archive.unwrap().path();
            let into = root.path().join(directory);
            tar::Archive::new(GzDecoder::new(File::open(&archive).unwrap())).unpack(&into).unwrap();
            let folder = into.join(archive.file_stem().unwrap());
            let documents = Documents::open(&folder).unwrap();
            for entry in &documents.provider().services {
                let text = fs::read_to_string(folder.join(format!("services/{}.yaml", entry.name))).unwrap_or_default();
                let wanted = text.matches("x-stackQL-graphQL:").count();
                if wanted > 0 {
                    let queries = queries_of(documents.provider(), documents.service(&entry.name).unwrap().source);
                    assert_eq!(queries, wanted, "{directory} {}", entry.name);
                    written += queries;
                }
            }
        }
    }
    assert!(written > 0);
}

/// Writes the query of each GraphQL method of a service; how many there are.
fn queries_of(provider: &Provider, source: ServiceSource) -> usize {
    let (provider, service) = (Arc::new(provider.clone()), Arc::new(source.service));
    let mut written = 0;
    for resource in source.resources.into_iter().map(Arc::new) {
        for method in resource.methods.iter().filter(|m| matches!(m.request.body, BodyStyle::GraphQl { .. })) {
            let made = Operation::new(Arc::clone(&provider), Arc::clone(&service), Arc::clone(&resource), &method.name);
            let operation = Arc::new(made.unwrap());
            let value = |name: &str| match resource.types.get(method.parameter(name).unwrap().ty) {
                Type::Integer => Value::Integer(7),
                _ => Value::Text(format!("the \"{name}\"")),
            };
            let owed = method.caller_required();
            let bindings = owed.iter().map(|name| ((*name).to_owned(), value(name))).collect();
            let call = bind(operation, &bindings, &mut String::new).unwrap();
            let table = call.operation().qualified_name();
            let request = request(&call, None, Some(5)).unwrap();
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            let query = body["query"].as_str().unwrap();
            assert!(query.trim().starts_with("query") && !query.contains("<no value>"), "{table}: {query}");
            for name in owed {
                let inside = query.contains(&format!(r#"\"{name}\""#)) || query.contains('7');
                assert!(inside, "{table}: {name} is not in {query}");
            }
            assert!(request.path.starts_with("/graphql"), "{table}: {}", request.path);
            assert!(!resource.columns.is_empty(), "{table}: no columns");
            assert!(request.query.is_empty() && request.retryable, "{table}");
            written += 1;
        }
    }
    written
}

macro_rules! published {
    ($($test:ident: $directory:literal absent $absent:expr;)*) => {
        $(#[test]
        fn $test() {
            check($directory, &$absent);
        })*
    };
}

published! {
    aws: "aws" absent ["ec2"];
    awscc: "awscc" absent [];
    azure: "azure" absent [];
    cloudflare: "cloudflare" absent [];
    digitalocean: "digitalocean" absent [];
    github: "github" absent [];
    google: "googleapis.com" absent ["compute"];
    kubernetes: "k8s" absent ["core_v1"];
    netlify: "netlify" absent [];
    okta: "okta" absent [];
    openai: "openai" absent [];
    sumologic: "sumologic" absent [];
}
