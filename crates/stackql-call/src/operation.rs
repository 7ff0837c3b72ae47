//! [`Operation`], a method with its resource, service and provider, and [`Call`], an operation with all its arguments
//! checked. EXPLAIN prints a call; [`crate::request()`] encodes one.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde_json::Value as Json;
use stackql_provider::{Method, Provider, Resource, Service, Template};

use crate::request::command;
use crate::request::graphql::GraphqlQuery;
use crate::{Redactor, Transform, TransformError};

/// A template that is compiled when it is first needed, once for all copies of the operation.
type Compiled = Arc<OnceLock<Result<Transform, TransformError>>>;

/// A method together with its resource, service and provider.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The provider.
    pub provider: Arc<Provider>,
    /// The service.
    pub service: Arc<Service>,
    /// The resource.
    pub resource: Arc<Resource>,
    /// The method's position in the resource's methods.
    pub(crate) method: usize,
    request_template: Compiled,
    response_transform: Compiled,
    graphql_query: Arc<OnceLock<Result<GraphqlQuery, TransformError>>>,
    command_template: Arc<OnceLock<Result<Vec<Transform>, TransformError>>>,
    redactor: Arc<OnceLock<Redactor>>,
}

impl Operation {
    /// The operation of `resource` whose method has exactly this name; `None` if there is none.
    pub fn new(provider: Arc<Provider>, service: Arc<Service>, resource: Arc<Resource>, method: &str) -> Option<Self> {
        let method = resource.methods.iter().position(|m| m.name == method)?;
        let (of_request, of_answer) = (Compiled::default(), Compiled::default());
        let (of_query, of_command, masks) = (Arc::default(), Arc::default(), Arc::default());
        Some(Self {
            provider,
            service,
            resource,
            method,
            request_template: of_request,
            response_transform: of_answer,
            graphql_query: of_query,
            command_template: of_command,
            redactor: masks,
        })
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.resource.methods[self.method]
    }

    /// The redactor for the requests and responses of the operation.
    pub fn redactor(&self) -> &Redactor {
        self.redactor.get_or_init(|| Redactor::for_operation(self))
    }

    /// The table's full name, `provider.service.resource`.
    pub fn qualified_name(&self) -> String {
        format!("{}.{}.{}", self.provider.name, self.service.name, self.resource.name)
    }

    /// The URL templates of the endpoints that a request may go to, with the scope as a placeholder of its name. The
    /// method's own URL replaces those of the service.
    pub(crate) fn addresses(&self) -> Vec<Cow<'_, str>> {
        let endpoints = &self.service.endpoints;
        if let Some(own) = &self.method().request.url {
            return vec![Cow::Borrowed(own)];
        }
        let templates = endpoints.partitions.iter().flat_map(|partition| &partition.templates);
        templates.map(|(_, template)| endpoints.named(template)).collect()
    }

    /// The template that renders the body of a request, if the method has one.
    pub(crate) fn request_template(&self) -> Option<Result<&Transform, TransformError>> {
        self.method().request.transform.as_ref().map(|template| compiled(&self.request_template, template))
    }

    /// The compiled templates of a GraphQL query and of its cursor.
    pub(crate) fn query(&self, query: &str, cursor: &str) -> Result<&GraphqlQuery, TransformError> {
        self.graphql_query.get_or_init(|| GraphqlQuery::compile(query, cursor)).as_ref().map_err(Clone::clone)
    }

    /// The compiled templates of a command's arguments.
    pub(crate) fn command(&self, arguments: &[String]) -> Result<&[Transform], TransformError> {
        let made = self.command_template.get_or_init(|| command::compile(arguments));
        made.as_deref().map_err(Clone::clone)
    }

    /// The template that converts a response to JSON, if the method has one.
    pub(crate) fn answer_template(&self) -> Option<Result<&Transform, TransformError>> {
        self.method().response.transform.as_ref().map(|template| compiled(&self.response_transform, template))
    }
}

fn compiled<'a>(cache: &'a Compiled, template: &Template) -> Result<&'a Transform, TransformError> {
    cache.get_or_init(|| Transform::compile(&template.kind, &template.body)).as_ref().map_err(Clone::clone)
}

/// One invocation of a method: an operation with its scope and all its arguments. Only [`crate::bind()`] constructs one, so all
/// required arguments are present and all have the type of their parameters.
#[derive(Debug, Clone)]
pub struct Call {
    pub(crate) operation: Arc<Operation>,
    /// The value of the scope, such as a region, if the service has a scope.
    pub(crate) scope: Option<String>,
    /// The arguments, by the position of the parameter in the method and in that order, as JSON of the parameter's type.
    pub(crate) arguments: Vec<(usize, Json)>,
}

impl Call {
    /// The operation.
    pub fn operation(&self) -> &Arc<Operation> {
        &self.operation
    }

    /// The value of the scope, such as a region.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The argument of the parameter with exactly this name; `None` if it was not bound.
    pub fn argument(&self, parameter: &str) -> Option<&Json> {
        let at = self.operation.method().parameters.iter().position(|p| p.name == parameter)?;
        self.arguments.iter().find(|(i, _)| *i == at).map(|(_, v)| v)
    }
}
