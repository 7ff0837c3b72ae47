//! The provider model: services, resources and methods as plain data, independent of vendor, protocol and document format.
//!
//! A provider has services, a service has resources (tables), a resource has methods (operations) and columns.
//! `stackql-compile` compiles source documents into this model; all other crates only read it.
//!
//! Key parts:
//! - [`Provider`], [`Service`], [`Resource`], [`Method`]: the model itself, plain data.
//! - [`Types`] and [`Type`]: the types of parameters and rows.
//! - [`Definitions`]: the trait through which the engine looks up providers, services and resources by name.
//! - [`Registry`]: the trait for listing and installing published definitions.
//! - [`LazyProvider`]: one provider whose services and resources are decoded on demand; [`Providers`] combines several.
//! - [`CompiledProvider`] and [`write()`]: reader and writer of the compiled form, a file with an index.
//! - [`names`]: matching of user-typed names to the provider's names, and suggestions for misspelled names.
#![expect(clippy::disallowed_methods, reason = "this crate reads compiled definitions from disk")]

mod compiled;
mod definitions;
mod endpoint;
mod lro;
mod method;
pub mod names;
mod parameter;
mod provider;
mod pushdown;
mod registry;
mod resource;
mod types;

pub use compiled::{CompiledError, CompiledProvider, Compression, ProviderSource, ServiceSource, write};
pub use definitions::{Definitions, LazyProvider, LoadedProvider, LookupError, Origin, ProviderEntry, Providers};
pub use endpoint::{Endpoints, Host, Partition, Variant};
pub use lro::{LroPattern, LroRules, Poll, ResultLocation, StatusCondition};
pub use method::{
    Acceptor, BodyFormat, BodyStyle, ErrorShape, FormStyle, Inverse, Method, NextPage, Outcome, PageSize, Paging,
    Permissions, PredicateEncoding, PredicatePushdown, Protocol, RequestShape, ResponseLocation, ResponseShape, Retry,
    Secret, Template, Verb, Waiter,
};
pub use parameter::{Location, Parameter, ValueStyle};
pub use provider::{Auth, ErrorRules, Hint, Members, Provider, Scope, Service, ServiceEntry};
pub use pushdown::{Clause, ClausePushdown, CountRequest, RowLimit};
pub use registry::{DownloadProgress, InstallLocation, Installed, Published, Registry, RegistryError};
pub use resource::{ClassicPage, Column, Dialect, Resource, ResourceEntry, View};
pub use types::{Member, TimeFormat, Type, TypeRef, Types};
