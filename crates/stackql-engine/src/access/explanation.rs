//! Explains the access path of a scan for EXPLAIN, in words: why its method was chosen, and how each filter is applied.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::Expr;
use datafusion::sql::sqlparser::ast::Expr as SqlExpr;
use datafusion::sql::unparser::expr_to_sql;
use stackql_provider::{Method, Verb};

use crate::access::filter_pushdown::is_pushable;
use crate::access::path::{PredicateTarget, predicate_target};
use crate::predicate::range::{enumerated, range};
use crate::predicate::scope_wildcard;
use crate::predicate::values::predicate;
use crate::table::columns::{names_column, spelled};
use crate::table::resource_table::ResourceTable;

/// The inputs of the access path choice of a scan; the text is built only when EXPLAIN requests it.
#[derive(Debug, Clone)]
pub(crate) struct AccessExplanation {
    table: ResourceTable,
    method: String,
    filters: Vec<Expr>,
}

impl AccessExplanation {
    pub(crate) fn new(table: &ResourceTable, method: &Method, filters: &[Expr]) -> Self {
        Self { table: table.clone(), method: method.name.clone(), filters: filters.to_vec() }
    }

    fn chosen(&self) -> Option<&Method> {
        self.table.resource.method(&self.method)
    }

    /// Why the method was chosen; `None` where the resource has no other SELECT method.
    pub(crate) fn method(&self) -> Option<String> {
        let Self { table, filters, .. } = self;
        let method = self.chosen()?;
        let (predicates, fed) = (table.predicates(filters), table.key_columns());
        let given: Vec<&str> =
            predicates.iter().map(|p| p.column.as_str()).chain(fed.iter().map(String::as_str)).collect();
        let others = table.resource.methods_of(Verb::Select).filter(|other| other.name != method.name);
        let others: Vec<String> = others.map(|other| rejection_reason(other, &given)).collect();
        let own = match method.caller_required().as_slice() {
            [] => "asks for nothing".to_owned(),
            owed => format!("asks for {}, which is given", owed.join(", ")),
        };
        (!others.is_empty()).then(|| format!("{own}; {}", others.join("; ")))
    }

    /// One line per filter: whether and how it is sent, and whether it is applied locally.
    pub(crate) fn filters(&self) -> Vec<String> {
        let Some(method) = self.chosen() else { return Vec::new() };
        let line = |filter| format!("{}: {}", display_filter(filter), filter_disposition(&self.table, method, filter));
        self.filters.iter().map(line).collect()
    }
}

/// Why another method was not chosen.
fn rejection_reason(other: &Method, given: &[&str]) -> String {
    let is_given =
        |name: &&str| other.parameter(name).is_some_and(|p| given.iter().any(|column| names_column(p, column)));
    let lacks: Vec<&str> = other.caller_required().into_iter().filter(|name| !is_given(name)).collect();
    match lacks.as_slice() {
        [] => format!("{} asks for less of what is given, or does not know all of it", other.name),
        lacks => format!("{} asks for {}, which is not", other.name, lacks.join(", ")),
    }
}

/// How a filter is applied: sent as a parameter or clause, applied to the members of the scope, or applied locally.
fn filter_disposition(table: &ResourceTable, method: &Method, filter: &Expr) -> String {
    let ranges = || range(filter).and_then(|range| enumerated(vec![range]).into_iter().next());
    if let Some(predicate) = predicate(filter).or_else(ranges)
        && let Some(way) = predicate_target(table, method, &predicate)
    {
        let sent = match way {
            PredicateTarget::Required { name, .. } => format!("sent as {name}"),
            PredicateTarget::Filter { parameter, name, .. } => format!("sent as {parameter} {name}"),
            PredicateTarget::List { parameter } | PredicateTarget::Value { parameter } => {
                format!("sent as {parameter}")
            }
        };
        let is_echo = table.columns.is_parameter(&predicate.column);
        return if is_echo { sent } else { format!("{sent}, and checked here") };
    }
    if let Some(scope) = filter.column_refs().iter().find(|column| table.is_scope(&column.name)) {
        let is_alone = filter.column_refs().len() == 1;
        let checked = if is_alone { "checked for each before it is asked" } else { "checked before and after" };
        return format!("leaves out members of {}, {checked}", spelled(&scope.name));
    }
    match is_pushable(table, method, filter) {
        true => "sent as a clause, and checked here".to_owned(),
        false => "checked here".to_owned(),
    }
}

/// The filter as SQL text, without table qualifiers.
fn display_filter(filter: &Expr) -> String {
    let bare = |expr: Expr| -> Result<Transformed<Expr>> {
        Ok(match expr {
            Expr::Column(column) => Transformed::yes(Expr::Column(Column::new_unqualified(spelled(&column.name)))),
            other => scope_wildcard::to_equation(other),
        })
    };
    let bare = filter.clone().transform_up(bare).map_or_else(|_| filter.clone(), |t| t.data);
    match expr_to_sql(&bare) {
        Ok(SqlExpr::Nested(inner)) => inner.to_string(),
        Ok(sql) => sql.to_string(),
        Err(_) => bare.to_string(),
    }
}
