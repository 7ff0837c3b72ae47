//! DataFusion catalogs: `provider.service.resource` as catalog, schema and table, and the local catalog with the tables of
//! `system`.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, MemTable, SchemaProvider, TableProvider};
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use stackql_provider::{BodyFormat, Origin, Resource, ResponseShape, Type, Verb};

use crate::call::context::Context;
use crate::call::log::{calls_schema, errors_schema};
use crate::catalog::local::LocalSchema;
use crate::error::Error;
use crate::table::resource_table::ResourceTable;

/// The catalog that contains one-part and two-part names.
pub(crate) const LOCAL: &str = "local";
/// The schema of the system tables.
pub(crate) const SYSTEM: &str = "system";
/// The schema of one-part names, which are local objects.
pub(crate) const MAIN: &str = "main";

/// All catalogs of a statement.
#[derive(Debug)]
pub(crate) struct CatalogList(pub(crate) Arc<Context>);

impl CatalogProviderList for CatalogList {
    fn register_catalog(&self, _: String, _: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        let providers = self.0.definitions.providers().into_iter().map(|p| p.name);
        providers.chain([LOCAL.to_owned()]).collect()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        match name {
            LOCAL => Some(Arc::new(LocalCatalog(Arc::clone(&self.0)))),
            _ => {
                self.0.definitions.provider(name).ok()?;
                Some(Arc::new(ProviderCatalog { context: Arc::clone(&self.0), name: name.to_owned() }))
            }
        }
    }
}

#[derive(Debug)]
struct ProviderCatalog {
    context: Arc<Context>,
    name: String,
}

impl CatalogProvider for ProviderCatalog {
    fn schema_names(&self) -> Vec<String> {
        let provider = self.context.definitions.provider(&self.name);
        provider.map(|p| p.services.iter().map(|s| s.name.clone()).collect()).unwrap_or_default()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        self.context.definitions.service(&self.name, name).ok()?;
        let (context, provider) = (Arc::clone(&self.context), self.name.clone());
        Some(Arc::new(ServiceSchema { context, provider, name: name.to_owned() }))
    }
}

#[derive(Debug)]
struct ServiceSchema {
    context: Arc<Context>,
    provider: String,
    name: String,
}

#[async_trait]
impl SchemaProvider for ServiceSchema {
    fn table_names(&self) -> Vec<String> {
        let service = self.context.definitions.service(&self.provider, &self.name);
        service
            .map(|s| s.resources.iter().filter(|r| !r.page_only).map(|r| r.name.clone()).collect())
            .unwrap_or_default()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(Some(Arc::new(resource_table(&self.context, &self.provider, &self.name, name)?)))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.context.definitions.resource(&self.provider, &self.name, name).is_ok()
    }
}

/// The table of a resource.
///
/// # Errors
///
/// The definitions have no such provider, service or resource, or cannot be read.
pub(crate) fn resource_table(
    context: &Arc<Context>,
    provider: &str,
    service: &str,
    resource: &str,
) -> Result<ResourceTable, Error> {
    let definitions = &context.definitions;
    let head = definitions.provider(provider)?;
    let owner = definitions.service(provider, service)?;
    let mut resource = definitions.resource(provider, service, resource)?;
    if context.options.compat && is_of_documents(context, &head.name) && is_markup(&resource) {
        resource = Arc::new(flat(&resource));
    }
    Ok(ResourceTable::new(Arc::clone(context), head, owner, resource))
}

/// Whether the definitions of a provider are registry documents, which the Go program reads as well.
fn is_of_documents(context: &Context, provider: &str) -> bool {
    let mut all = context.definitions.providers().into_iter();
    all.find(|entry| entry.name == provider).is_some_and(|entry| matches!(entry.origin, Origin::Documents(_)))
}

/// Whether all SELECT methods return rows decoded directly from XML, at a known location.
fn is_markup(resource: &Resource) -> bool {
    let is_markup = |r: &ResponseShape| r.format == BodyFormat::Xml && r.transform.is_none();
    let mut methods = resource.methods_of(Verb::Select).peekable();
    methods.peek().is_some() && methods.all(|m| is_markup(&m.response) && m.response.rows != [ResponseShape::ANYWHERE])
}

/// A copy of the resource whose nested fields are text, the concatenated text of the XML element, as in the Go program.
fn flat(resource: &Resource) -> Resource {
    let mut flat = resource.clone();
    let inner = flat.types.push(Type::Inner);
    for column in &mut flat.columns {
        if flat.types.get(column.ty).is_nested() {
            column.ty = inner;
        }
    }
    flat
}

#[derive(Debug)]
struct LocalCatalog(Arc<Context>);

impl CatalogProvider for LocalCatalog {
    fn schema_names(&self) -> Vec<String> {
        vec![MAIN.to_owned(), SYSTEM.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        match name {
            SYSTEM => Some(Arc::new(SystemSchema(Arc::clone(&self.0)))),
            MAIN => Some(Arc::new(LocalSchema(Arc::clone(&self.0)))),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct SystemSchema(Arc<Context>);

#[async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        vec!["calls".to_owned(), "errors".to_owned()]
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let log = &self.0.log;
        Ok(match name {
            "calls" => Some(Arc::new(MemTable::try_new(calls_schema(), vec![vec![log.calls()]])?)),
            "errors" => Some(Arc::new(MemTable::try_new(errors_schema(), vec![vec![log.errors()]])?)),
            _ => None,
        })
    }

    fn table_exist(&self, name: &str) -> bool {
        matches!(name, "calls" | "errors")
    }
}
