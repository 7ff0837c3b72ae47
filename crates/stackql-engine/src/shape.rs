//! The columns of a provider table: the fields of its rows, and behind them the hidden ones, which `*` leaves out:
//! the scope, the parameters of its SELECT methods, and `_extra`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use stackql_call::RowPlan;
use stackql_provider::names::fold;
use stackql_provider::{Method, Parameter, Resource, Service, Type, Verb};

/// What a column of a provider table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A field of the row, by its position in the resource's columns.
    Row(usize),
    /// The value bound to a parameter, by the parameter's name.
    Bound(String),
    /// The fields that the definition does not know.
    Extra,
}

/// A provider table's columns.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) schema: SchemaRef,
    pub(crate) sources: Vec<Source>,
    /// Other spellings, by the column's position.
    pub(crate) aliases: Vec<Vec<String>>,
    /// How many of the columns `*` shows.
    pub(crate) visible: usize,
}

impl Shape {
    pub(crate) fn new(service: &Service, resource: &Resource) -> Self {
        let mut fields: Vec<Field> = resource.columns.iter().map(|c| RowPlan::field(&resource.types, c)).collect();
        let mut sources: Vec<Source> = (0..fields.len()).map(Source::Row).collect();
        let mut aliases: Vec<Vec<String>> = resource.columns.iter().map(|c| c.aliases.clone()).collect();
        let visible = fields.len();
        if let Some(scope) = &service.endpoints.scope
            && !fields.iter().any(|f| fold(f.name()) == fold(scope))
        {
            fields.push(Field::new(scope, DataType::Utf8, true));
            sources.push(Source::Bound(scope.clone()));
            aliases.push(Vec::new());
        }
        for method in resource.methods_of(Verb::Select) {
            let paged = |parameter: &Parameter| method.paging.as_ref().is_some_and(|p| p.sets(&parameter.name));
            for parameter in &method.parameters {
                let known = fields.iter().any(|f| same(parameter, f.name()));
                if known || paged(parameter) || parameter.idempotency_token || parameter.implied {
                    continue;
                }
                fields.push(parameter_field(resource, parameter));
                sources.push(Source::Bound(parameter.name.clone()));
                aliases.push(parameter.aliases.clone());
            }
        }
        fields.extend(RowPlan::new(&resource.types, &[], true).schema().fields().iter().map(|f| f.as_ref().clone()));
        sources.push(Source::Extra);
        aliases.push(Vec::new());
        Self { schema: Arc::new(Schema::new(fields)), sources, aliases, visible }
    }
}

/// Whether a parameter and a column are one: the same name, however it is spelled. What no statement names is no column.
pub(crate) fn same(parameter: &Parameter, column: &str) -> bool {
    !parameter.implied && fold(&parameter.name) == fold(column)
}

/// Whether a method cannot be called without a value for the column.
pub(crate) fn owes(method: &Method, column: &str) -> bool {
    method.owed().iter().any(|owed| method.parameter(owed).is_some_and(|p| same(p, column)))
}

/// The column that a parameter's values have.
pub(crate) fn parameter_field(resource: &Resource, parameter: &Parameter) -> Field {
    let data_type = match resource.types.get(parameter.ty) {
        Type::Integer => DataType::Int64,
        Type::Number => DataType::Float64,
        Type::Boolean => DataType::Boolean,
        _ => DataType::Utf8,
    };
    Field::new(&parameter.name, data_type, true)
}
