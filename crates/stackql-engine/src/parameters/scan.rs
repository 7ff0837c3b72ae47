//! Decides at a scan which of the conditions on its columns bind parameters. All of them together determine the method; those
//! on parameters of that method bind them.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, Result};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Filter, LogicalPlan, TableScan};
use stackql_provider::Method;

use super::condition::{Condition, Kind, Literal, Values};
use super::{Binder, BoundBy, PushedDown, Resolution};
use crate::access::path::{choose_among, nearest};
use crate::bind_join::requirements::table_of;
use crate::predicate::range::enumerated;
use crate::table::columns::{requires_column, takes};
use crate::table::resource_table::ResourceTable;

/// The columns that conditions fix, by what fixes them.
#[derive(Debug, Default)]
struct Columns<'a> {
    /// Columns fixed by literals.
    literal: Vec<&'a str>,
    /// Columns that literals fix, but that are bound only where the scan cannot be executed without them.
    weak: Vec<&'a str>,
    /// Columns equated with values of other relations.
    equation: Vec<&'a str>,
}

impl Binder {
    pub(super) fn scan(&self, scan: TableScan, conditions: &[Condition]) -> Result<PushedDown> {
        let Some(table) = table_of(&scan) else {
            return Ok(PushedDown::untouched(LogicalPlan::TableScan(scan), conditions));
        };
        let columns = Columns::from_conditions(conditions);
        let (method, needs_more) = columns.method(&table);
        let binds = |condition: &&Condition| match (&condition.kind, method) {
            (Kind::Literal(literal), Some(method)) => {
                let name = condition.column.name.as_str();
                let is_taken = takes(method, name) || table.is_scope_name(name);
                is_taken && literal.binds(&table, method, name, needs_more)
            }
            _ => false,
        };
        let by_literals: Vec<&str> = conditions.iter().filter(binds).map(|c| c.column.name.as_str()).collect();
        let mut bound = Vec::new();
        let mut resolutions = Vec::with_capacity(conditions.len());
        for condition in conditions {
            let name = condition.column.name.as_str();
            let parameter = table.columns.parameter_column(name);
            let parameter = parameter.map(|column| Column::new(Some(scan.table_name.clone()), column));
            let is_bound = by_literals.contains(&name);
            let is_taken = |method: &&Method| takes(method, name);
            let resolution = match (&condition.kind, parameter, method.filter(is_taken)) {
                (Kind::Literal(literal), Some(parameter), _) if binds(&condition) => {
                    let field = table.columns.schema.field_with_name(&parameter.name);
                    let is_text = field.is_ok_and(|field| *field.data_type() == DataType::Utf8);
                    bound.push(literal.binding(parameter, is_text, table.is_scope_name(name))?);
                    Resolution::Bound
                }
                (Kind::Equation { grouped, .. }, Some(column), Some(method)) if !table.columns.is_parameter(name) => {
                    match !is_bound && needs_more && requires_column(method, name) {
                        true => Resolution::Parameter { column, by: columns.equations(name) },
                        false if is_bound && !grouped => Resolution::Parameter { column, by: BoundBy::Other },
                        false => Resolution::Filter,
                    }
                }
                (Kind::Equation { .. }, ..) if table.columns.is_parameter(name) && !is_bound => Resolution::Binds,
                _ => Resolution::Filter,
            };
            let is_on_scope = table.is_scope_name(name) && matches!(resolution, Resolution::Filter | Resolution::Binds);
            resolutions.push(if is_on_scope { Resolution::OnScope } else { resolution });
        }
        let speaks = |(condition, resolution): (&Condition, &Resolution)| {
            *resolution == Resolution::OnScope && !matches!(condition.kind, Kind::Equation { paired: true, .. })
        };
        let scan = match conditions.iter().zip(&resolutions).any(speaks) {
            true => {
                let table = ResourceTable { has_scope_condition: true, ..table };
                TableScan { source: provider_as_source(Arc::new(table)), ..scan }
            }
            false => scan,
        };
        let plan = LogicalPlan::TableScan(scan);
        let plan = match conjunction(bound) {
            Some(bound) => LogicalPlan::Filter(Filter::try_new(bound, Arc::new(plan))?),
            None => plan,
        };
        Ok(PushedDown { plan, resolutions })
    }
}

impl<'a> Columns<'a> {
    fn from_conditions(conditions: &'a [Condition]) -> Self {
        let mut columns = Self::default();
        let mut ranges = Vec::new();
        for condition in conditions {
            let name = condition.column.name.as_str();
            match &condition.kind {
                Kind::Literal(Literal { values: Values::Range(range), .. }) => ranges.push((name, range.clone())),
                Kind::Literal(Literal { only_required: true, .. }) => columns.weak.push(name),
                Kind::Literal(_) => columns.literal.push(name),
                Kind::Equation { .. } => columns.equation.push(name),
                Kind::Other => {}
            }
        }
        for (name, _) in &ranges {
            let own = ranges.iter().filter(|(other, _)| other == name).map(|(_, range)| range.clone());
            if !enumerated(own.collect()).is_empty() {
                columns.weak.push(name);
            }
        }
        columns
    }

    /// Whether one equation or several fix a column.
    fn equations(&self, name: &str) -> BoundBy {
        match self.equation.iter().filter(|column| **column == name).count() {
            0 | 1 => BoundBy::Equation,
            _ => BoundBy::Equations,
        }
    }

    /// The method that reads the table, if there is one, and whether it needs more than literals fix.
    fn method<'t>(&self, table: &'t ResourceTable) -> (Option<&'t Method>, bool) {
        let predicates = table.predicates(&[]);
        // A parameter that is not a field is bound by any condition that fixes it.
        let (own, fields): (Vec<&str>, Vec<&str>) = self.literal.iter().partition(|c| table.columns.is_parameter(c));
        let fed = self.equation.iter().copied().filter(|c| table.columns.is_parameter(c));
        let bound: Vec<&str> = predicates.iter().map(|p| p.column.as_str()).chain(own).chain(fed).collect();
        if let Ok(method) = choose_among(table, &bound, &fields) {
            return (Some(method), false);
        }
        let more = self.weak.iter().chain(&self.equation).copied();
        let offered: Vec<&str> = fields.into_iter().chain(more).collect();
        // Where a parameter is missing, the nearest method lets the error name only that parameter.
        (choose_among(table, &bound, &offered).ok().or_else(|| nearest(table, &bound, &offered)), true)
    }
}

impl Literal {
    /// Whether the condition binds a parameter of the method.
    fn binds(&self, table: &ResourceTable, method: &Method, column: &str, needs_more: bool) -> bool {
        match (&self.values, self.only_required) {
            (Values::Listed(_), false) => true,
            (Values::Range(_), false) if table.columns.is_parameter(column) => requires_column(method, column),
            _ => needs_more && requires_column(method, column),
        }
    }
}
