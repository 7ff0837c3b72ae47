//! A provider's resource as a DataFusion `TableProvider`: its schema, the predicates of a scan, and the scan's physical plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use stackql_call::{Bindings, Operation, RowProjection, Value};
use stackql_provider::names::fold;
use stackql_provider::{Column, Method, Parameter, PredicatePushdown, Provider, Resource, Service, Verb};

use crate::access::explanation::AccessExplanation;
use crate::access::filter_pushdown::{PushedFilters, push_filters};
use crate::access::path::{AccessPath, choose_access_path};
use crate::bind_join::inner_plan::KeyBindingsExec;
use crate::call::context::Context;
use crate::call::lro::WaitFor;
use crate::call::page_stream::ReadOptions;
use crate::call::scope::filters::{refuse_unbound, scope_filters};
use crate::call::scope::{ALL_MEMBERS, check_member};
use crate::error::Error;
use crate::physical::binding_rows::leaf;
use crate::physical::call_exec::{CallExec, CallSpec};
use crate::physical::output_mapping::{OutputColumn, OutputMapping};
use crate::predicate::range::{Range, enumerated, range};
use crate::predicate::values::{Predicate, predicate};
use crate::table::columns::{ColumnOrigin, TableColumns, names_column, requires_column, spelled};
use crate::views::defaults::ViewDefaults;

/// A resource as a table.
#[derive(Debug, Clone)]
pub(crate) struct ResourceTable {
    pub(crate) context: Arc<Context>,
    pub(crate) provider: Arc<Provider>,
    pub(crate) service: Arc<Service>,
    pub(crate) resource: Arc<Resource>,
    pub(crate) columns: Arc<TableColumns>,
    /// Columns whose values the outer rows of bind joins supply.
    pub(crate) key_bindings: Vec<KeyBinding>,
    /// The method to call, where an earlier rewrite has chosen it.
    pub(crate) fixed_method: Option<String>,
    /// The parameter defaults of the resource view that reads the table, where one does.
    pub(crate) view_defaults: Option<Arc<ViewDefaults>>,
    /// Whether the statement has a condition on the scope; a scope that nothing binds is then expanded to all members.
    pub(crate) has_scope_condition: bool,
    /// The fields that the statement names, in its order, where it reads no others.
    pub(crate) field_order: Option<Arc<Vec<String>>>,
}

/// Columns whose values a bind join supplies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyBinding {
    /// The id of the bind join.
    pub(crate) bind_join: usize,
    pub(crate) columns: Vec<String>,
    /// For each column, the position of its value among the keys of the bind join.
    pub(crate) keys: Vec<usize>,
}

impl ResourceTable {
    pub(crate) fn new(
        context: Arc<Context>,
        provider: Arc<Provider>,
        service: Arc<Service>,
        resource: Arc<Resource>,
    ) -> Self {
        let shape = Arc::new(TableColumns::new(&service, &resource));
        Self {
            context,
            provider,
            service,
            resource,
            columns: shape,
            key_bindings: Vec::new(),
            fixed_method: None,
            view_defaults: None,
            has_scope_condition: false,
            field_order: None,
        }
    }

    /// The qualified name, `provider.service.resource`.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}.{}", self.provider.name, self.service.name, self.resource.name)
    }

    /// The columns whose values bind joins supply.
    pub(crate) fn key_columns(&self) -> Vec<String> {
        self.key_bindings.iter().flat_map(|fed| fed.columns.iter().cloned()).collect()
    }

    /// All predicates of a scan: those of `filters`, then defaults of the session, then defaults of the view. A later one
    /// applies only to columns that none before it restricts.
    pub(crate) fn predicates(&self, filters: &[Expr]) -> Vec<Predicate> {
        let mut all = self.statement_predicates(filters);
        for weaker in [self.defaults(), self.view_default()] {
            let new = weaker.into_iter().filter(|w| !all.iter().any(|p| p.column == w.column));
            all.extend(new.collect::<Vec<_>>());
        }
        all.extend(self.all_members(&all));
        all
    }

    /// The wildcard predicate on the scope, where the statement has a condition on it and none of the `bound` predicates is.
    /// Which members the condition excludes is known once they are listed.
    fn all_members(&self, bound: &[Predicate]) -> Option<Predicate> {
        let is_bound =
            |column: &String| bound.iter().any(|p| p.column == *column) || self.key_columns().contains(column);
        let column = self.scope_column().filter(|column| self.has_scope_condition && !is_bound(column))?;
        Some(Predicate { column, values: vec![Value::Text(ALL_MEMBERS.to_owned())] })
    }

    /// The parameter column of the scope.
    pub(crate) fn scope_column(&self) -> Option<String> {
        self.columns.parameter_column(self.service.endpoints.scope.as_ref()?)
    }

    /// Whether a column is the scope, by its own name or as its parameter column.
    pub(crate) fn is_scope_name(&self, column: &str) -> bool {
        self.service.endpoints.scope.as_deref() == Some(spelled(column))
    }

    /// Whether a column is the parameter column of the scope.
    pub(crate) fn is_scope(&self, column: &str) -> bool {
        self.scope_column().is_some_and(|scope| scope == column)
    }

    /// The predicates of `filters`. A range of numbers is expanded into values only where a method requires the number.
    pub(crate) fn statement_predicates(&self, filters: &[Expr]) -> Vec<Predicate> {
        let mut all: Vec<Predicate> = filters.iter().filter_map(predicate).collect();
        let ranges = filters.iter().filter_map(range).filter(|r| self.is_required(r));
        for predicate in enumerated(ranges.collect()) {
            if !all.iter().any(|p| p.column == predicate.column) {
                all.push(predicate);
            }
        }
        all
    }

    /// The session's defaults for required parameters that no bind join supplies.
    fn defaults(&self) -> Vec<Predicate> {
        let fed = self.key_columns();
        let of = |(parameter, value): (&str, &str)| {
            let mut columns = self.columns.schema.fields().iter().map(|f| f.name());
            let column = columns.find(|column| fold(column) == fold(parameter))?;
            let column = self.columns.parameter_column(column)?;
            let is_free = !fed.contains(&column) && self.requires(&column);
            is_free.then(|| Predicate { column, values: vec![Value::Text(value.to_owned())] })
        };
        self.context.settings.defaults(&self.provider.name).filter_map(of).collect()
    }

    /// The defaults of the view that reads the table, where neither a bind join nor the session supplies the column.
    fn view_default(&self) -> Vec<Predicate> {
        let Some(presets) = &self.view_defaults else { return Vec::new() };
        let fed = self.key_columns();
        let is_free = |p: &&Predicate| {
            let is_set = self.context.settings.parameter_default(&self.provider.name, &p.column).is_some();
            !is_set && !fed.contains(&p.column)
        };
        presets.values.iter().filter(is_free).cloned().collect()
    }

    /// The session's defaults for the parameters of a method.
    pub(crate) fn defaults_of(&self, method: &Method) -> Bindings {
        let of = |p: &Parameter| {
            let value = self.context.settings.parameter_default(&self.provider.name, &p.name)?;
            Some((p.name.clone(), Value::Text(value.to_owned())))
        };
        method.parameters.iter().filter_map(of).collect()
    }

    /// Whether a SELECT method requires a value for the column.
    pub(crate) fn requires(&self, column: &str) -> bool {
        self.resource.methods_of(Verb::Select).any(|method| requires_column(method, column))
    }

    /// Whether a method requires the number that a range restricts.
    fn is_required(&self, range: &Range) -> bool {
        let is_integer = self.columns.schema.field_with_name(&range.column).is_ok_and(|f| f.data_type().is_integer());
        is_integer && self.columns.is_parameter(&range.column) && self.requires(&range.column)
    }

    fn has_scope_wildcard(&self, filter: &Expr) -> bool {
        predicate(filter)
            .is_some_and(|p| self.is_scope(&p.column) && p.values.contains(&Value::Text(ALL_MEMBERS.into())))
    }

    /// Whether a bind join supplies an optional parameter that accompanies a field. The scan is then a lookup by key, and "not
    /// found" means no rows.
    fn is_keyed(&self, method: &Method) -> bool {
        let is_key =
            |column: &String| spelled(column) != column && !requires_column(method, column) && !self.is_scope(column);
        self.key_columns().iter().any(is_key)
    }

    fn operation(&self, method: &Method) -> Result<Arc<Operation>> {
        let (provider, service) = (Arc::clone(&self.provider), Arc::clone(&self.service));
        Operation::new(provider, service, Arc::clone(&self.resource), &method.name)
            .map(Arc::new)
            .ok_or_else(|| Error::invalid(format!("no method {}", method.name)).into())
    }

    /// The columns of a scan: which fields to decode, and how they map to the output.
    fn output(&self, method: &Method, projection: Option<&Vec<usize>>) -> (RowProjection, OutputMapping) {
        let all: Vec<usize> = (0..self.columns.origins.len()).collect();
        let wanted = projection.unwrap_or(&all);
        // Which fields of a row are undeclared is known only when all declared ones are decoded.
        let extra = wanted.iter().any(|&i| self.columns.origins[i] == ColumnOrigin::Extra);
        let mut decoded: Vec<usize> = Vec::new();
        match extra {
            true => decoded.extend(0..self.resource.columns.len()),
            false => decoded.extend(wanted.iter().filter_map(|&i| match self.columns.origins[i] {
                ColumnOrigin::Row(at) => Some(at),
                ColumnOrigin::Extra | ColumnOrigin::Binding(_) => None,
            })),
        }
        let columns: Vec<Column> = decoded.iter().map(|&at| self.resource.column_of(method, at)).collect();
        let from = wanted.iter().map(|&i| match &self.columns.origins[i] {
            ColumnOrigin::Binding(parameter) => OutputColumn::Binding(parameter.clone()),
            ColumnOrigin::Extra => OutputColumn::Row(columns.len(), None),
            ColumnOrigin::Row(at) => {
                let column = &self.resource.columns[*at].name;
                let parameter = method.parameters.iter().find(|p| names_column(p, column)).map(|p| p.name.clone());
                let scope = self.service.endpoints.scope.clone().filter(|s| s == column);
                let position = decoded.iter().position(|d| d == at).unwrap_or_default();
                OutputColumn::Row(position, parameter.or(scope))
            }
        });
        let from: Vec<OutputColumn> = from.collect();
        let fields: Vec<_> = wanted.iter().map(|&i| self.columns.schema.field(i).clone()).collect();
        let plan = RowProjection::new(&self.resource.types, &columns, extra);
        (plan, OutputMapping::new(Arc::new(Schema::new(fields)), from))
    }
}

#[async_trait]
impl TableProvider for ResourceTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.columns.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let answer = |filter: &&Expr| match predicate(filter) {
            // No row contains the value `*`, so a local filter would drop all rows.
            Some(_) if self.has_scope_wildcard(filter) => TableProviderFilterPushDown::Exact,
            Some(p) if self.columns.is_parameter(&p.column) => TableProviderFilterPushDown::Exact,
            // Which filters are pushed down depends on the method, chosen later; all are re-applied locally.
            _ => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(answer).collect())
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let predicates = self.predicates(filters);
        let AccessPath { method, rows, not_found_is_empty } =
            choose_access_path(self, &predicates, &self.key_columns())?;
        refuse_unbound(self, method, &predicates, filters)?;
        for value in predicates.iter().filter(|p| self.is_scope(&p.column)).flat_map(|p| &p.values) {
            check_member(&self.provider, &self.service, value)?;
        }
        let (row_projection, output_mapping) = self.output(method, projection);
        let PushedFilters { bindings: pushed_clauses, exact: exact_filters } =
            push_filters(self, method, filters, projection);
        let is_everywhere = |row: &Bindings| row.values().any(|v| *v == Value::Text(ALL_MEMBERS.to_owned()));
        let spec = CallSpec {
            context: Arc::clone(&self.context),
            operation: self.operation(method)?,
            projection: row_projection,
            output_mapping,
            options: ReadOptions {
                limit,
                not_found_is_empty: not_found_is_empty || self.is_keyed(method),
                ..ReadOptions::default()
            },
            wait_for: WaitFor::Response,
            tally: Arc::default(),
            inner_of_bind_join: !self.key_bindings.is_empty(),
            rows_from_statement: false,
            single_call: self.key_bindings.is_empty() && rows.len() == 1 && !rows.iter().any(is_everywhere),
            pushed_clauses,
            exact_filters,
            filter_only_parameters: narrowing(self, method, &predicates),
            explanation: Some(AccessExplanation::new(self, method, filters)),
            scope_filters: scope_filters(self, filters),
        };
        let input: Arc<dyn ExecutionPlan> = match self.key_bindings.is_empty() {
            true => leaf(&rows)?,
            false => Arc::new(KeyBindingsExec::new(self.clone(), method.name.clone(), predicates)),
        };
        Ok(Arc::new(CallExec::new(input, Arc::new(spec))))
    }
}

/// The SELECT methods of a resource.
///
/// # Errors
///
/// The resource has no SELECT method.
pub(crate) fn select_methods<'a>(table: &str, resource: &'a Resource) -> Result<Vec<&'a Method>, Error> {
    let methods: Vec<_> = resource.methods_of(Verb::Select).collect();
    match methods.is_empty() {
        false => Ok(methods),
        true => {
            let hint = format!("SHOW METHODS IN {table} lists what it has; call one by EXEC");
            Err(Error::no_method(table, Verb::Select, hint))
        }
    }
}

/// The parameters of a method that only filter rows: nothing but pushed-down predicates on fields of the rows binds them.
fn narrowing(table: &ResourceTable, method: &Method, predicates: &[Predicate]) -> Vec<String> {
    let is_field = |column: &str| table.resource.columns.iter().any(|c| c.name == column);
    let only_narrows = |parameter: &Parameter| {
        let by_it = |n: &&PredicatePushdown| n.encoding.parameter() == parameter.name;
        let of_rows = method.predicate_pushdowns.iter().filter(by_it).all(|n| is_field(&n.column));
        // A statement may also bind the parameter directly.
        let mut given = predicates.iter().map(|p| p.column.clone()).chain(table.key_columns());
        !parameter.required && of_rows && !given.any(|c| names_column(parameter, &c) && !is_field(&c))
    };
    let narrowing = method.predicate_pushdowns.iter().map(|n| n.encoding.parameter());
    let narrowing = narrowing.filter(|name| method.parameter(name).is_some_and(only_narrows));
    narrowing.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Whether a column's values can be encoded as the text of a named filter.
pub(crate) fn is_filterable(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::Int64 | DataType::Boolean)
}
