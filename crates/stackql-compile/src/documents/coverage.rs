//! Statistics about a provider's documents: counts, unreachable methods, and extensions that the compiler does not
//! read.

use std::collections::{BTreeMap, BTreeSet};

use stackql_provider::{Method, Resource, Verb};

use super::{CompiledService, Diagnostic, Documents, compiled};

/// Extensions that the compiler reads, and informational ones of StackQL's tools.
const KNOWN: [&str; 19] = [
    "x-stackQL-alias",
    "x-stackQL-config",
    "x-stackQL-envVar",
    "x-stackQL-graphQL",
    "x-stackQL-method",
    "x-stackQL-objectKey",
    "x-stackQL-resource",
    "x-stackQL-resources",
    "x-stackQL-stringOnly",
    "x-stackQL-verb",
    "x-stackql-date-generated",
    "x-stackql-sdk-namespace",
    "x-stackql-supplemental",
    "x-stackql-additional-identifiers",
    "x-stackql-primary-identifier",
    "x-stackql-protocol",
    "x-stackql-provider",
    "x-stackql-resource-name",
    "x-stackql-sdk",
];

/// Statistics about a provider's documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Number of services that compile.
    pub services: usize,
    /// Services that do not compile.
    pub failed: Vec<String>,
    /// Number of resources of the compiled services.
    pub resources: usize,
    /// Number of their methods by SQL verb.
    pub methods: BTreeMap<Verb, usize>,
    /// Methods, as `service.resource.method`, that no statement can select, because an earlier method of the same verb
    /// has the same required parameters.
    pub unreachable: Vec<String>,
    /// Extensions that are not read, with their number of occurrences.
    pub unused: BTreeMap<String, usize>,
    /// All diagnostics.
    pub problems: Vec<Diagnostic>,
}

impl Coverage {
    /// Compiles every service of the documents.
    pub fn measure(documents: &Documents) -> Self {
        let mut coverage = Self::default();
        for entry in &documents.provider().services {
            let read = documents.read(&entry.name);
            match read.and_then(|(library, key)| Ok((compiled(&library, key, &entry.name)?, library.extensions()))) {
                Ok((compiled, extensions)) => coverage.add(compiled, extensions),
                Err(problem) => {
                    coverage.failed.push(entry.name.clone());
                    coverage.problems.push(problem);
                }
            }
        }
        coverage.problems.sort();
        coverage
    }

    fn add(&mut self, compiled: CompiledService, extensions: BTreeMap<String, usize>) {
        let service = compiled.source;
        self.services += 1;
        self.resources += service.resources.len();
        for resource in &service.resources {
            for method in &resource.methods {
                *self.methods.entry(method.verb).or_default() += 1;
            }
            let name = |method: &str| format!("{}.{}.{method}", service.service.name, resource.name);
            self.unreachable.extend(unreachable(resource).map(|m| name(&m.name)));
        }
        for (name, count) in extensions {
            if !KNOWN.contains(&name.as_str()) {
                *self.unused.entry(name).or_default() += count;
            }
        }
        self.problems.extend(compiled.problems);
    }
}

fn unreachable(resource: &Resource) -> impl Iterator<Item = &Method> {
    let mut taken: BTreeSet<(Verb, Vec<&str>)> = BTreeSet::new();
    resource.methods.iter().filter(move |m| m.verb != Verb::Exec && !taken.insert((m.verb, m.caller_required())))
}
