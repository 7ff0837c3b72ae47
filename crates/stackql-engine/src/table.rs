//! A provider's resource as a table: what it has to say to the planner, and the plan of a scan.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use stackql_call::{Bindings, Operation, RowPlan, Value};
use stackql_provider::names::fold;
use stackql_provider::{Column, Method, Narrowing, Parameter, Provider, Resource, Service, Verb};

use crate::access::{Access, access};
use crate::awaiting::Until;
use crate::bindings::leaf;
use crate::clauses::{Travelling, travelling};
use crate::context::Context;
use crate::error::Error;
use crate::explain::Choice;
use crate::feed::KeysExec;
use crate::fetch::{Fetch, FetchExec};
use crate::output::{From, Output};
use crate::pages::Paging;
use crate::predicate::{Predicate, Range, enumerated, predicate, range};
use crate::scope::{ALL, check_member, refuse_unbound, scope_filters};
use crate::shape::{Shape, Source, owes, same, spelled};
use crate::views::Presets;

/// A resource as a table.
#[derive(Debug, Clone)]
pub(crate) struct ResourceTable {
    pub(crate) context: Arc<Context>,
    pub(crate) provider: Arc<Provider>,
    pub(crate) service: Arc<Service>,
    pub(crate) resource: Arc<Resource>,
    pub(crate) shape: Arc<Shape>,
    /// Columns whose values come from other relations.
    pub(crate) fed: Vec<Fed>,
    /// The method that is called, where it is chosen already.
    pub(crate) pinned: Option<String>,
    /// How the view of a resource reads it, where one does.
    pub(crate) presets: Option<Arc<Presets>>,
    /// A condition of the statement is on the scope, so that its default does not stand for what the statement leaves out.
    pub(crate) has_scope_condition: bool,
    /// The fields that the statement names, in its order, where it reads nothing else.
    pub(crate) field_order: Option<Arc<Vec<String>>>,
}

/// Columns that a relation feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fed {
    /// The feed's number.
    pub(crate) feed: usize,
    pub(crate) columns: Vec<String>,
    /// The position among the feed's keys of each column's value.
    pub(crate) keys: Vec<usize>,
}

impl ResourceTable {
    pub(crate) fn new(
        context: Arc<Context>,
        provider: Arc<Provider>,
        service: Arc<Service>,
        resource: Arc<Resource>,
    ) -> Self {
        let shape = Arc::new(Shape::new(&service, &resource));
        Self {
            context,
            provider,
            service,
            resource,
            shape,
            fed: Vec::new(),
            pinned: None,
            presets: None,
            has_scope_condition: false,
            field_order: None,
        }
    }

    /// The full name, `provider.service.resource`.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}.{}", self.provider.name, self.service.name, self.resource.name)
    }

    /// The columns that other relations feed.
    pub(crate) fn fed_columns(&self) -> Vec<String> {
        self.fed.iter().flat_map(|fed| fed.columns.iter().cloned()).collect()
    }

    /// What `filters` fix, what the session does where they do not, and then the view that reads the table.
    pub(crate) fn predicates(&self, filters: &[Expr]) -> Vec<Predicate> {
        let mut all = self.stated(filters);
        for weaker in [self.defaults(), self.preset()] {
            let new = weaker.into_iter().filter(|w| !all.iter().any(|p| p.column == w.column));
            all.extend(new.collect::<Vec<_>>());
        }
        all.extend(self.all_members(&all));
        all
    }

    /// All members of the scope, where a condition is on it and none of the `bound` values is: which of them the
    /// condition excludes is known once they are listed.
    fn all_members(&self, bound: &[Predicate]) -> Option<Predicate> {
        let is_bound =
            |column: &String| bound.iter().any(|p| p.column == *column) || self.fed_columns().contains(column);
        let column = self.scope_column().filter(|column| self.has_scope_condition && !is_bound(column))?;
        Some(Predicate { column, values: vec![Value::Text(ALL.to_owned())] })
    }

    /// The parameter column of the scope.
    pub(crate) fn scope_column(&self) -> Option<String> {
        self.shape.parameter_column(self.service.endpoints.scope.as_ref()?)
    }

    /// Whether a column is the scope, by its own name or as its parameter column.
    pub(crate) fn is_scope_name(&self, column: &str) -> bool {
        self.service.endpoints.scope.as_deref() == Some(spelled(column))
    }

    /// Whether a column is the parameter column of the scope.
    pub(crate) fn is_scope(&self, column: &str) -> bool {
        self.scope_column().is_some_and(|scope| scope == column)
    }

    /// What `filters` fix. A range of numbers is taken apart only where a method asks for the number.
    pub(crate) fn stated(&self, filters: &[Expr]) -> Vec<Predicate> {
        let mut all: Vec<Predicate> = filters.iter().filter_map(predicate).collect();
        let ranges = filters.iter().filter_map(range).filter(|r| self.is_asked(r));
        for predicate in enumerated(ranges.collect()) {
            if !all.iter().any(|p| p.column == predicate.column) {
                all.push(predicate);
            }
        }
        all
    }

    /// What the session binds to parameters that methods ask for, where nothing else does.
    fn defaults(&self) -> Vec<Predicate> {
        let fed = self.fed_columns();
        let of = |(parameter, value): (&str, &str)| {
            let mut columns = self.shape.schema.fields().iter().map(|f| f.name());
            let column = columns.find(|column| fold(column) == fold(parameter))?;
            let column = self.shape.parameter_column(column)?;
            let is_free = !fed.contains(&column) && self.asks(&column);
            is_free.then(|| Predicate { column, values: vec![Value::Text(value.to_owned())] })
        };
        self.context.settings.defaults(&self.provider.name).filter_map(of).collect()
    }

    /// What the view that reads the table says where neither a statement nor the session does.
    fn preset(&self) -> Vec<Predicate> {
        let Some(presets) = &self.presets else { return Vec::new() };
        let fed = self.fed_columns();
        let is_free = |p: &&Predicate| {
            let is_set = self.context.settings.default_of(&self.provider.name, &p.column).is_some();
            !is_set && !fed.contains(&p.column)
        };
        presets.values.iter().filter(is_free).cloned().collect()
    }

    /// What the session binds to the parameters of a method.
    pub(crate) fn defaults_of(&self, method: &Method) -> Bindings {
        let of = |p: &Parameter| {
            let value = self.context.settings.default_of(&self.provider.name, &p.name)?;
            Some((p.name.clone(), Value::Text(value.to_owned())))
        };
        method.parameters.iter().filter_map(of).collect()
    }

    /// Whether a method that answers SELECT cannot be called without the column.
    pub(crate) fn asks(&self, column: &str) -> bool {
        self.resource.methods_of(Verb::Select).any(|method| owes(method, column))
    }

    /// Whether a method asks for the number whose range is known.
    fn is_asked(&self, range: &Range) -> bool {
        let is_integer = self.shape.schema.field_with_name(&range.column).is_ok_and(|f| f.data_type().is_integer());
        is_integer && self.shape.is_parameter(&range.column) && self.asks(&range.column)
    }

    fn is_everywhere(&self, filter: &Expr) -> bool {
        predicate(filter).is_some_and(|p| self.is_scope(&p.column) && p.values.contains(&Value::Text(ALL.into())))
    }

    /// Whether other relations feed a field's parameter that the method can do without: a key that is not there has no rows.
    fn is_keyed(&self, method: &Method) -> bool {
        let is_key = |column: &String| spelled(column) != column && !owes(method, column) && !self.is_scope(column);
        self.fed_columns().iter().any(is_key)
    }

    fn operation(&self, method: &Method) -> Result<Arc<Operation>> {
        let (provider, service) = (Arc::clone(&self.provider), Arc::clone(&self.service));
        Operation::new(provider, service, Arc::clone(&self.resource), &method.name)
            .map(Arc::new)
            .ok_or_else(|| Error::statement(format!("no method {}", method.name)).into())
    }

    /// The columns of a scan: what to decode, and how the output is made of it.
    fn output(&self, method: &Method, projection: Option<&Vec<usize>>) -> (RowPlan, Output) {
        let all: Vec<usize> = (0..self.shape.sources.len()).collect();
        let wanted = projection.unwrap_or(&all);
        // Which fields of a row are unknown can be told only by decoding all that are known.
        let extra = wanted.iter().any(|&i| self.shape.sources[i] == Source::Extra);
        let mut decoded: Vec<usize> = Vec::new();
        match extra {
            true => decoded.extend(0..self.resource.columns.len()),
            false => decoded.extend(wanted.iter().filter_map(|&i| match self.shape.sources[i] {
                Source::Row(at) => Some(at),
                Source::Extra | Source::Bound(_) => None,
            })),
        }
        let columns: Vec<Column> = decoded.iter().map(|&at| self.resource.column_of(method, at)).collect();
        let from = wanted.iter().map(|&i| match &self.shape.sources[i] {
            Source::Bound(parameter) => From::Bound(parameter.clone()),
            Source::Extra => From::Row(columns.len(), None),
            Source::Row(at) => {
                let column = &self.resource.columns[*at].name;
                let parameter = method.parameters.iter().find(|p| same(p, column)).map(|p| p.name.clone());
                let scope = self.service.endpoints.scope.clone().filter(|s| s == column);
                let position = decoded.iter().position(|d| d == at).unwrap_or_default();
                From::Row(position, parameter.or(scope))
            }
        });
        let from: Vec<From> = from.collect();
        let fields: Vec<_> = wanted.iter().map(|&i| self.shape.schema.field(i).clone()).collect();
        let plan = RowPlan::new(&self.resource.types, &columns, extra);
        (plan, Output::new(Arc::new(Schema::new(fields)), from))
    }
}

#[async_trait]
impl TableProvider for ResourceTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.shape.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let answer = |filter: &&Expr| match predicate(filter) {
            // No row says `*` of itself, so this one must not be applied again.
            Some(_) if self.is_everywhere(filter) => TableProviderFilterPushDown::Exact,
            Some(p) if self.shape.is_parameter(&p.column) => TableProviderFilterPushDown::Exact,
            // Which of them travel is settled with the method; all are applied again.
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
        let Access { method, rows, absent_is_empty } = access(self, &predicates, &self.fed_columns())?;
        refuse_unbound(self, method, &predicates, filters)?;
        for value in predicates.iter().filter(|p| self.is_scope(&p.column)).flat_map(|p| &p.values) {
            check_member(&self.provider, &self.service, value)?;
        }
        let (plan, output) = self.output(method, projection);
        let Travelling { bindings: clauses, certain } = travelling(self, method, filters, projection);
        let is_everywhere = |row: &Bindings| row.values().any(|v| *v == Value::Text(ALL.to_owned()));
        let fetch = Fetch {
            context: Arc::clone(&self.context),
            operation: self.operation(method)?,
            plan,
            output,
            paging: Paging {
                wanted: limit,
                absent_is_empty: absent_is_empty || self.is_keyed(method),
                ..Paging::default()
            },
            until: Until::Answer,
            tally: Arc::default(),
            is_fed: !self.fed.is_empty(),
            is_of_rows: false,
            is_one: self.fed.is_empty() && rows.len() == 1 && !rows.iter().any(is_everywhere),
            clauses,
            certain,
            narrowing: narrowing(self, method, &predicates),
            choice: Some(Choice::new(self, method, filters)),
            scope_filters: scope_filters(self, filters),
        };
        let input: Arc<dyn ExecutionPlan> = match self.fed.is_empty() {
            true => leaf(&rows)?,
            false => Arc::new(KeysExec::new(self.clone(), method.name.clone(), predicates)),
        };
        Ok(Arc::new(FetchExec::new(input, Arc::new(fetch))))
    }
}

/// The SELECT methods of a resource, or why there are none.
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

/// The parameters of a method by which nothing travels but conditions on fields of rows.
fn narrowing(table: &ResourceTable, method: &Method, predicates: &[Predicate]) -> Vec<String> {
    let is_field = |column: &str| table.resource.columns.iter().any(|c| c.name == column);
    let only_narrows = |parameter: &Parameter| {
        let by_it = |n: &&Narrowing| n.via.parameter() == parameter.name;
        let of_rows = method.narrowings.iter().filter(by_it).all(|n| is_field(&n.column));
        // A statement may also give the parameter itself.
        let mut given = predicates.iter().map(|p| p.column.clone()).chain(table.fed_columns());
        !parameter.required && of_rows && !given.any(|c| same(parameter, &c) && !is_field(&c))
    };
    let narrowing = method.narrowings.iter().map(|n| n.via.parameter());
    let narrowing = narrowing.filter(|name| method.parameter(name).is_some_and(only_narrows));
    narrowing.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Whether a column's values can be sent as the text of a named filter.
pub(crate) fn is_filterable(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::Int64 | DataType::Boolean)
}
