//! The model of a provider: its services, resources and methods, in terms that no vendor, protocol or format owns.
//!
//! A provider has services, a service has resources (tables), a resource has methods (operations) and
//! columns. Source documents are compiled into this model by `stackql-compile`; everything else reads it.
//!
//! Key parts:
//! - [`Provider`], [`Service`], [`Resource`], [`Method`]: the model itself, plain data.
//! - [`Types`] and [`Type`]: the shapes of parameters and rows.
//! - [`Definitions`]: the seam through which the engine looks providers up.
//! - [`Registry`]: the seam to published definitions.
//! - [`LazyProvider`]: a provider that is decoded on demand; [`Providers`] combines several.
//! - [`CompiledProvider`] and [`write()`]: the compiled form, a file whose resources are decoded on demand.
//! - [`names`]: matching of a name as a user spells it with the provider's name, and suggestions.
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
