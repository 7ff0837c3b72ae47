//! Requirements of scans: which parameters the scans of a plan are missing, and which of their columns can be bound by keys.

use std::any::Any;

use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};
use stackql_provider::{Method, Verb};

use crate::access::path::choose_method;
use crate::error::Error;
use crate::table::columns::{names_column, requires_column, takes};
use crate::table::resource_table::ResourceTable;

/// The resource that a scan reads, if it reads one.
pub(crate) fn table_of(scan: &TableScan) -> Option<ResourceTable> {
    let provider = source_as_provider(&scan.source).ok()?;
    (provider.as_ref() as &dyn Any).downcast_ref::<ResourceTable>().cloned()
}

/// The scans of resources below `plan`.
pub(crate) fn scans(plan: &LogicalPlan) -> Vec<(ResourceTable, &TableScan)> {
    match plan {
        LogicalPlan::TableScan(scan) => table_of(scan).map(|table| (table, scan)).into_iter().collect(),
        other => other.inputs().into_iter().flat_map(scans).collect(),
    }
}

/// An error for each scan below `plan` that cannot be executed yet, with an example statement.
pub(crate) fn unbound_scans(plan: &LogicalPlan) -> Vec<Error> {
    scans(plan).into_iter().filter_map(|(table, scan)| is_unbound(&table, scan)).collect()
}

/// Whether a scan is missing required parameters.
pub(crate) fn missing_parameters(table: &ResourceTable, scan: &TableScan) -> bool {
    is_unbound(table, scan).is_some()
}

fn is_unbound(table: &ResourceTable, scan: &TableScan) -> Option<Error> {
    choose_method(table, &table.predicates(&scan.filters), &table.key_columns()).err()
}

/// A column of a scan whose values keys supply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequiredKey {
    /// The column that the join compares.
    pub(crate) column: String,
    /// The column that the values bind: the parameter column, or a field that the method filters on.
    pub(crate) bound_by: String,
}

/// Which of `columns` a scan takes from a bind join: parameter columns, which it requires, and fields with an optional
/// parameter.
///
/// Without such an optional parameter an API may return other rows than all, such as only the caller's own keys, so the field
/// has to be bound. Where the parameter is required, the predicate is on the parameter column already.
pub(crate) fn required_keys(table: &ResourceTable, filters: &[Expr], columns: &[String]) -> Vec<RequiredKey> {
    let fed = table.key_columns();
    let stated = table.statement_predicates(filters);
    let is_free = |c: &str| !stated.iter().any(|p| p.column == c) && !fed.iter().any(|f| f == c);
    let parameters = columns.iter().filter(|c| table.columns.is_parameter(c) && is_free(c)).cloned();
    let mut all: Vec<RequiredKey> = parameters.map(|column| RequiredKey { bound_by: column.clone(), column }).collect();
    let bound: Vec<String> = fed.iter().cloned().chain(all.iter().map(|taken| taken.column.clone())).collect();
    let Ok(method) = choose_method(table, &table.predicates(filters), &bound) else { return all };
    let is_optional = |c: &str| takes(method, c) && !requires_column(method, c) && !table.is_scope_name(c);
    let of_field = |column: &String| {
        let bound_by = table.columns.parameter_column(column).filter(|bound_by| bound_by != column)?;
        let is_taken = is_free(column) && is_free(&bound_by) && is_optional(column);
        is_taken.then(|| RequiredKey { column: column.clone(), bound_by })
    };
    all.extend(columns.iter().filter_map(of_field));
    all
}

/// Which of `columns` a scan can be looked up by, though it does not require them: one call, or a few, then return the rows of
/// a key.
pub(crate) fn lookup_keys(table: &ResourceTable, filters: &[Expr], columns: &[String]) -> Vec<RequiredKey> {
    let (fed, stated) = (table.key_columns(), table.statement_predicates(filters));
    let parameter = |c: &str| table.columns.parameter_column(c);
    let is_free = |c: &str| !stated.iter().any(|p| p.column == c) && !fed.iter().any(|f| f == c);
    let free = |c: &&String| !table.columns.is_parameter(c) && is_free(c) && parameter(c).is_none_or(|p| is_free(&p));
    let free: Vec<String> = columns.iter().filter(free).cloned().collect();
    let predicates = table.predicates(filters);
    let Ok(listing) = choose_method(table, &predicates, &fed) else { return Vec::new() };
    let with = |extra: &[RequiredKey]| -> Vec<String> {
        fed.iter().cloned().chain(extra.iter().map(|taken| taken.bound_by.clone())).collect()
    };
    // Prefer another method that requires one of the columns: a lookup by key.
    let asks = |method: &Method, column: &str| method.parameters.iter().any(|p| p.required && names_column(p, column));
    let all = free.iter().filter_map(|c| Some(RequiredKey { column: c.clone(), bound_by: parameter(c)? }));
    let all: Vec<RequiredKey> = all.collect();
    let asking = table.resource.methods_of(Verb::Select).filter(|method| method.name != listing.name);
    for method in asking {
        let asked: Vec<RequiredKey> = all.iter().filter(|taken| asks(method, &taken.column)).cloned().collect();
        if !asked.is_empty()
            && choose_method(table, &predicates, &with(&asked)).is_ok_and(|chosen| chosen.name == method.name)
        {
            return asked;
        }
    }
    let narrows = |c: &&String| listing.predicate_pushdowns.iter().any(|n| n.column == **c);
    let narrowing = free.iter().find(narrows).into_iter();
    narrowing.map(|column| RequiredKey { column: column.clone(), bound_by: column.clone() }).collect()
}
