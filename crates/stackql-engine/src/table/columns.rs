//! The schema of a provider table. Visible columns are the fields of its rows and the variables of its servers, such as the
//! scope. Hidden ones, which `*` leaves out, follow: the other parameters of its SELECT methods, and `_extra`.
//!
//! A parameter is an input and a field is an output, even where both have the same name: a response may spell a value
//! differently from the request (`zone` as a URL). Such a field is accompanied by a *parameter column*, which echoes the bound
//! value; the predicates that bind the parameter are on that column.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use stackql_call::RowProjection;
use stackql_provider::names::fold;
use stackql_provider::{Location, Method, Parameter, Resource, Service, Type, Verb};

/// The source of a column of a provider table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnOrigin {
    /// A field of the row, by its position in the resource's columns.
    Row(usize),
    /// The value bound to a parameter, by the parameter's name.
    Binding(String),
    /// The fields of the response that the definition does not declare.
    Extra,
}

/// The prefix in the name of a parameter column that accompanies a field of the same name. A statement cannot name it by
/// accident: a name with a blank has to be quoted.
const PARAMETER: &str = "parameter ";

/// The columns of a provider table.
#[derive(Debug, Clone)]
pub(crate) struct TableColumns {
    pub(crate) schema: SchemaRef,
    pub(crate) origins: Vec<ColumnOrigin>,
    /// Alternative spellings of each column, by position.
    pub(crate) aliases: Vec<Vec<String>>,
    /// Whether `*` includes the column, by position.
    pub(crate) visible: Vec<bool>,
}

impl TableColumns {
    pub(crate) fn new(service: &Service, resource: &Resource) -> Self {
        let mut fields: Vec<Field> =
            resource.columns.iter().map(|c| RowProjection::field(&resource.types, c)).collect();
        let mut sources: Vec<ColumnOrigin> = (0..fields.len()).map(ColumnOrigin::Row).collect();
        let mut aliases: Vec<Vec<String>> = resource.columns.iter().map(|c| c.aliases.clone()).collect();
        let mut visible = vec![true; fields.len()];
        if let Some(scope) = &service.endpoints.scope {
            let field = fields.iter().find(|f| fold(f.name()) == fold(scope));
            let name = field.map_or_else(|| scope.clone(), |field| format!("{PARAMETER}{}", field.name()));
            visible.push(field.is_none());
            fields.push(Field::new(name, DataType::Utf8, true));
            sources.push(ColumnOrigin::Binding(scope.clone()));
            aliases.push(Vec::new());
        }
        for (method, parameter) in inputs(resource) {
            let is_same = |at: &usize| names_column(parameter, fields[*at].name());
            let known = (0..fields.len()).filter(is_same).collect::<Vec<_>>();
            if known.iter().any(|at| matches!(sources[*at], ColumnOrigin::Binding(_))) {
                continue;
            }
            let field = parameter_field(resource, parameter);
            // A field that the method itself filters on remains a filter.
            match known.first().map(|at| fields[*at].name().clone()) {
                Some(column) if !takes(method, &column) => continue,
                Some(column) => {
                    visible.push(false);
                    fields.push(field.with_name(format!("{PARAMETER}{column}")));
                    aliases.push(Vec::new());
                }
                None => {
                    visible.push(parameter.location == Location::Server);
                    fields.push(field);
                    aliases.push(parameter.aliases.clone());
                }
            }
            sources.push(ColumnOrigin::Binding(parameter.name.clone()));
        }
        fields.extend(
            RowProjection::new(&resource.types, &[], true).schema().fields().iter().map(|f| f.as_ref().clone()),
        );
        visible.push(false);
        sources.push(ColumnOrigin::Extra);
        aliases.push(Vec::new());
        Self { schema: Arc::new(Schema::new(fields)), origins: sources, aliases, visible }
    }

    /// Whether a column echoes a bound value: it is a parameter or the scope, and not a field of the rows.
    pub(crate) fn is_parameter(&self, column: &str) -> bool {
        self.schema.index_of(column).is_ok_and(|at| matches!(self.origins[at], ColumnOrigin::Binding(_)))
    }

    /// The column that echoes the parameter of this name: the column itself, or the parameter column of a field.
    pub(crate) fn parameter_column(&self, column: &str) -> Option<String> {
        let beside = || format!("{PARAMETER}{column}");
        let found = if self.is_parameter(column) { column.to_owned() } else { beside() };
        self.is_parameter(&found).then_some(found)
    }
}

/// The parameters of the SELECT methods that a statement may bind. Those of servers are first, since `*` includes them.
fn inputs(resource: &Resource) -> Vec<(&Method, &Parameter)> {
    let all = resource.methods_of(Verb::Select).flat_map(|method| method.parameters.iter().map(move |p| (method, p)));
    let mut all: Vec<(&Method, &Parameter)> = all.collect();
    all.retain(|(method, parameter)| {
        let is_paged = method.paging.as_ref().is_some_and(|p| p.sets(&parameter.name));
        !is_paged && !parameter.idempotency_token && !parameter.implied
    });
    all.sort_by_key(|(_, parameter)| parameter.location != Location::Server);
    all
}

/// The name of a column as statements write it: a parameter column has the name of the field that it accompanies.
pub(crate) fn spelled(column: &str) -> &str {
    column.strip_prefix(PARAMETER).unwrap_or(column)
}

/// Whether a parameter and a column have the same name, in any spelling. An implied parameter has no column.
pub(crate) fn names_column(parameter: &Parameter, column: &str) -> bool {
    !parameter.implied && fold(&parameter.name) == fold(spelled(column))
}

/// Whether a predicate that fixes the column binds a parameter of the method. Where the definition maps the column to a
/// filter of the method, the predicate remains a filter, which is pushed down and re-applied locally.
pub(crate) fn takes(method: &Method, column: &str) -> bool {
    let parameter = method.parameters.iter().find(|p| names_column(p, column));
    parameter.is_some_and(|p| p.required || !method.predicate_pushdowns.iter().any(|n| n.column == spelled(column)))
}

/// Whether the method requires a value for the column.
pub(crate) fn requires_column(method: &Method, column: &str) -> bool {
    method.caller_required().iter().any(|owed| method.parameter(owed).is_some_and(|p| names_column(p, column)))
}

/// The Arrow field of a column that holds a parameter's values.
pub(crate) fn parameter_field(resource: &Resource, parameter: &Parameter) -> Field {
    let data_type = match resource.types.get(parameter.ty) {
        Type::Integer => DataType::Int64,
        Type::Number => DataType::Float64,
        Type::Boolean | Type::Bit => DataType::Boolean,
        _ => DataType::Utf8,
    };
    Field::new(&parameter.name, data_type, true)
}
