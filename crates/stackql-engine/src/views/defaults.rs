//! View defaults: the parameter values that the view of a resource supplies where the statement supplies none. Its WHERE
//! contains them, `region = 'us-east-1'` or `id = '<id>'`; values in the statement override them.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, TableScan};
use stackql_call::BindError;
use stackql_provider::Verb;
use stackql_provider::names::fold;

use crate::bind_join::requirements::table_of;
use crate::error::Error;
use crate::predicate::values::{Predicate, predicate};
use crate::table::resource_table::ResourceTable;

/// The method name that SHOW METHODS displays for a view.
pub(crate) const VIEW: &str = "__view__";

/// The defaults that the view of a resource supplies to a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ViewDefaults {
    /// The resource, as messages name it.
    pub(crate) of: String,
    /// The columns to which the statement itself has to supply values.
    pub(crate) required: Vec<String>,
    /// The predicates that apply where the statement supplies none.
    pub(crate) values: Vec<Predicate>,
}

impl ViewDefaults {
    fn requires(&self, column: &str) -> bool {
        self.required.iter().any(|name| fold(name) == fold(column))
    }

    /// The error for `missing` columns, where the statement has to supply some of them; `None` where it does not.
    pub(crate) fn lacking(&self, missing: &[String]) -> Option<Error> {
        let missing: Vec<String> = missing.iter().filter(|name| self.requires(name)).cloned().collect();
        if missing.is_empty() {
            return None;
        }
        let conditions = self.required.iter().map(|name| format!("{name} = '…'")).collect::<Vec<_>>().join(" AND ");
        let example = format!("SELECT * FROM {} WHERE {conditions}", self.of);
        let source = BindError::Missing { table: self.of.clone(), method: VIEW.to_owned(), missing };
        Some(Error::Incomplete { source, verb: Verb::Select, example })
    }
}

/// Moves the parameter values in the filters of a view's plan into the defaults of its tables.
///
/// `blank` has the resource and the required columns of the view; the first `visible` columns of the plan are shown.
/// Conditions on required columns are dropped.
pub(crate) fn preset(plan: LogicalPlan, blank: &ViewDefaults, visible: usize) -> Result<LogicalPlan> {
    let shown: Vec<Column> = match &plan {
        LogicalPlan::Projection(projection) => projection.expr.iter().take(visible).filter_map(as_column).collect(),
        _ => return Ok(plan),
    };
    let mut tables = Vec::new();
    inside(&plan, &mut tables);
    let mut presets = vec![blank.clone(); tables.len()];
    // Whether a condition is removed from the filter because it becomes a default or is on a required column.
    let mut takes = |condition: &Expr| {
        let Some((column, fixed)) = column_of(condition).zip(predicate(condition)) else { return false };
        let at = tables.iter().position(|(name, _)| column.relation.as_ref() == Some(name));
        let Some(at) = at else { return false };
        let table = &tables[at].1;
        if blank.requires(&column.name) {
            return true;
        }
        let is_scope = table.service.endpoints.scope.as_ref() == Some(&column.name);
        // A condition on a field of the rows remains a filter, since the field is also compared locally.
        let is_preset = table.columns.is_parameter(&column.name) && (is_scope || shown.contains(&column));
        if is_preset {
            presets[at].values.push(fixed);
        }
        is_preset
    };
    let unfiltered = plan.transform_down(|node| match node {
        LogicalPlan::Filter(filter) => {
            let kept = split_conjunction(&filter.predicate).into_iter().filter(|c| !takes(c)).cloned();
            Ok(Transformed::yes(match conjunction(kept) {
                Some(kept) => LogicalPlan::Filter(Filter::try_new(kept, filter.input)?),
                None => Arc::unwrap_or_clone(filter.input),
            }))
        }
        node => Ok(beneath(node)),
    })?;
    let with = |scan: TableScan, name: &TableReference| {
        let known = tables.iter().zip(&presets).find(|((own, _), _)| own == name);
        let Some(((_, table), presets)) = known else { return LogicalPlan::TableScan(scan) };
        let table = ResourceTable { view_defaults: Some(Arc::new(presets.clone())), ..table.clone() };
        LogicalPlan::TableScan(TableScan { source: provider_as_source(Arc::new(table)), ..scan })
    };
    let preset = unfiltered.data.transform_down(|node| match node {
        LogicalPlan::SubqueryAlias(mut alias) => match Arc::unwrap_or_clone(alias.input) {
            LogicalPlan::TableScan(scan) => {
                alias.input = Arc::new(with(scan, &alias.alias));
                Ok(Transformed::new(LogicalPlan::SubqueryAlias(alias), true, TreeNodeRecursion::Jump))
            }
            other => {
                alias.input = Arc::new(other);
                Ok(Transformed::no(LogicalPlan::SubqueryAlias(alias)))
            }
        },
        LogicalPlan::TableScan(scan) => {
            let name = scan.table_name.clone();
            Ok(Transformed::yes(with(scan, &name)))
        }
        node => Ok(beneath(node)),
    })?;
    Ok(preset.data)
}

/// Continues below a node, unless a condition above the node could not be pushed below it.
fn beneath(node: LogicalPlan) -> Transformed<LogicalPlan> {
    let is_barrier = matches!(node, LogicalPlan::Limit(_) | LogicalPlan::Union(_) | LogicalPlan::Window(_));
    let next = if is_barrier { TreeNodeRecursion::Jump } else { TreeNodeRecursion::Continue };
    Transformed::new(node, false, next)
}

/// The provider tables that a plan scans, by the names that its conditions use.
fn inside(plan: &LogicalPlan, tables: &mut Vec<(TableReference, ResourceTable)>) {
    let (name, scan) = match plan {
        LogicalPlan::TableScan(scan) => (&scan.table_name, scan),
        LogicalPlan::SubqueryAlias(alias) => match alias.input.as_ref() {
            LogicalPlan::TableScan(scan) => (&alias.alias, scan),
            other => return inside(other, tables),
        },
        LogicalPlan::Limit(_) | LogicalPlan::Union(_) | LogicalPlan::Window(_) => return,
        other => return other.inputs().into_iter().for_each(|input| inside(input, tables)),
    };
    tables.extend(table_of(scan).map(|table| (name.clone(), table)));
}

/// The column of a condition; `None` where there are none or several.
fn column_of(condition: &Expr) -> Option<Column> {
    match condition.column_refs().into_iter().collect::<Vec<_>>().as_slice() {
        [one] => Some((*one).clone()),
        _ => None,
    }
}

fn as_column(expr: &Expr) -> Option<Column> {
    match expr {
        Expr::Column(column) => Some(column.clone()),
        Expr::Alias(alias) => as_column(&alias.expr),
        _ => None,
    }
}
