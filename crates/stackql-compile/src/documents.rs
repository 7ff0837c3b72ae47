//! StackQL's registry documents: a provider's YAML files, which are OpenAPI with `x-stackQL` extensions.
//!
//! Stages: [`yaml_tree`] parses text to nodes, [`document_set`] loads files and resolves references between them,
//! [`provider`] and [`service`] translate them to the model.

mod annotated;
mod command;
mod condition;
mod config;
mod coverage;
mod diagnostic;
mod document_set;
mod graphql;
mod inverse;
mod lro;
mod operation;
mod paging;
mod permissions;
mod provider;
mod pushdown;
mod resources_document;
mod response;
mod retry;
mod schema;
mod secrets;
mod servers;
mod service;
mod sql_tables;
mod views;
mod yaml_tree;

use std::path::Path;

use stackql_provider::{Provider, ServiceSource};

pub use coverage::Coverage;
pub use diagnostic::{Diagnostic, SourceLocation};
use document_set::{DocumentSet, NodeRef};

/// The documents of one version of a provider, on disk.
#[derive(Debug)]
pub struct Documents {
    /// Only the provider's own document.
    library: DocumentSet,
    provider: Provider,
}

/// A service compiled from its documents.
#[derive(Debug, Clone)]
pub struct CompiledService {
    /// The service.
    pub source: ServiceSource,
    /// Diagnostics of the parts that could not be compiled.
    pub problems: Vec<Diagnostic>,
    /// The files it was compiled from, relative to the root of all providers, with their SHA-256; `None` for missing
    /// files.
    pub(crate) files: Vec<(String, Option<[u8; 32]>)>,
}

impl Documents {
    /// Reads the provider's own document in `folder`, which is `<root>/<directory>/<version>`.
    ///
    /// # Errors
    ///
    /// The document cannot be read or is invalid.
    pub fn open(folder: &Path) -> Result<Self, Diagnostic> {
        let root = folder.parent().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let below = folder.strip_prefix(&root).unwrap_or(folder).join("provider.yaml");
        let first = below.to_string_lossy().replace('\\', "/");
        let library = DocumentSet::alone(&root, &first)?;
        if !library.first().is_map() {
            let advice = "pull the provider again";
            return Err(Diagnostic::new(library.first().place(), "is no document of a provider", advice));
        }
        let provider = provider::compile(library.first(), provider::of_folder(folder));
        Ok(Self { library, provider })
    }

    /// The provider, with the list of its services.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// SHA-256 of the provider's own document and of a service's document; `None` if the latter cannot be read.
    pub(crate) fn digests(&self, service: &str) -> Result<[Option<[u8; 32]>; 2], Diagnostic> {
        let entry = entry(&self.library, service)?;
        let of_service = entry.get("service").and_then(|at| self.library.digest_behind(at).ok());
        Ok([Some(self.library.digest_behind(self.library.first())?), of_service])
    }

    /// SHA-256 of a file, given relative to the root of all providers.
    pub(crate) fn digest_of(&self, file: &str) -> Result<[u8; 32], Diagnostic> {
        self.library.digest_of(file)
    }

    /// Compiles one service.
    ///
    /// # Errors
    ///
    /// The service cannot be compiled at all; problems of its parts are in [`CompiledService::problems`].
    pub fn service(&self, name: &str) -> Result<CompiledService, Diagnostic> {
        self.read(name).and_then(|(library, key)| compiled(&library, key, name))
    }

    /// All documents of a service, and the key of its entry in the provider's document.
    fn read(&self, service: &str) -> Result<(DocumentSet, (usize, u32)), Diagnostic> {
        let mut library = self.library.clone();
        let key = entry(&library, service)?.key();
        library.complete(key);
        Ok((library, key))
    }
}

fn compiled(library: &DocumentSet, key: (usize, u32), name: &str) -> Result<CompiledService, Diagnostic> {
    let provider = library.first();
    let (source, problems) = match sql_tables::table_list(provider) {
        Some(tables) if tables.key() == key => sql_tables::compile(provider, name),
        _ => {
            let (source, mut problems) = service::compile(library, name, library.at(key))?;
            problems.extend(sql_tables::hidden(provider, name));
            (source, problems)
        }
    };
    Ok(CompiledService { source, problems, files: library.digests() })
}

/// The entry of a service in the provider's document, or the list of tables if the service is a schema of tables.
fn entry<'a>(library: &'a DocumentSet, name: &str) -> Result<NodeRef<'a>, Diagnostic> {
    let provider = library.first();
    let stated = provider::services(provider).find(|(n, _)| *n == name).map(|(_, at)| at);
    let documented = stated.filter(|at| at.get("service").is_some());
    let of_tables = || sql_tables::table_list(provider).filter(|_| sql_tables::has(provider, name));
    documented.or_else(of_tables).or(stated).ok_or_else(|| {
        let what = format!("there is no service {name}");
        Diagnostic::new(library.first().place(), &what, "list it under providerServices")
    })
}
