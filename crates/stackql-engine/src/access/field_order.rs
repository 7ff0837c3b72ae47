//! The fields that a statement names of the only table that it reads, in the order of the statement: select list, WHERE, ORDER
//! BY.
//!
//! Works on the unoptimized logical plan, because the optimizer sorts the projection of a scan. The statement planner calls
//! [`with_field_order`]; clause pushdown sends the fields in this order.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};

use crate::bind_join::requirements::table_of;
use crate::table::columns::ColumnOrigin;
use crate::table::resource_table::ResourceTable;

/// Sets the field order on the scan of a plan that reads one table through projections, aliases, sorts, filters and limits
/// only. Any other plan is returned unchanged.
pub(crate) fn with_field_order(plan: LogicalPlan) -> Result<LogicalPlan> {
    let select = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let Some(names) = (Named { select, ..Named::default() }).below(&plan) else { return Ok(plan) };
    let told = plan.transform_down(|node| match node {
        LogicalPlan::TableScan(scan) if let Some(table) = table_of(&scan) => {
            let table = ResourceTable { field_order: Some(Arc::new(names.clone())), ..table };
            let scan = TableScan { source: provider_as_source(Arc::new(table)), ..scan };
            Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(told.data)
}

/// The expressions of a statement by clause, over the output of the plan node that is visited.
#[derive(Default)]
struct Named {
    select: Vec<Expr>,
    filter: Vec<Expr>,
    sort: Vec<Expr>,
}

impl Named {
    /// Descends to the scan and returns the names of its fields; `None` where another node is in between.
    fn below(mut self, plan: &LogicalPlan) -> Option<Vec<String>> {
        match plan {
            LogicalPlan::Projection(projection) => {
                self.replace(&projection.schema, &projection.expr)?;
                self.below(&projection.input)
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let below: Vec<Expr> = alias.input.schema().columns().into_iter().map(Expr::Column).collect();
                self.replace(&alias.schema, &below)?;
                self.below(&alias.input)
            }
            LogicalPlan::Sort(sort) => {
                self.sort.extend(sort.expr.iter().map(|by| by.expr.clone()));
                self.below(&sort.input)
            }
            LogicalPlan::Filter(filter) => {
                self.filter.push(filter.predicate.clone());
                self.below(&filter.input)
            }
            LogicalPlan::Limit(limit) => self.below(&limit.input),
            LogicalPlan::TableScan(scan) => self.columns_of(&table_of(scan)?),
            _ => None,
        }
    }

    /// Replaces each column of `schema` by the expression that computes it, of those in `made_of` at the same position.
    fn replace(&mut self, schema: &DFSchema, made_of: &[Expr]) -> Option<()> {
        let one = |expr: Expr| {
            let replaced = expr.transform_up(|part| match &part {
                Expr::Column(column) => match schema.maybe_index_of_column(column).and_then(|at| made_of.get(at)) {
                    Some(below) => Ok(Transformed::yes(below.clone())),
                    None => Ok(Transformed::no(part)),
                },
                _ => Ok(Transformed::no(part)),
            });
            replaced.ok().map(|replaced| replaced.data)
        };
        for part in [&mut self.select, &mut self.filter, &mut self.sort] {
            *part = std::mem::take(part).into_iter().map(one).collect::<Option<_>>()?;
        }
        Some(())
    }

    /// The named fields of the table, each once. `None` if the select list is all of them in the order of the table, as for
    /// `*`, which names no field.
    fn columns_of(&self, table: &ResourceTable) -> Option<Vec<String>> {
        let is_field = |column: &Column| {
            let at = table.columns.schema.index_of(&column.name).ok();
            at.is_some_and(|at| matches!(table.columns.origins[at], ColumnOrigin::Row(_)))
        };
        let add = |mut names: Vec<String>, expr: &Expr| {
            let seen = expr.apply(|part| {
                if let Expr::Column(column) = part
                    && is_field(column)
                    && !names.contains(&column.name)
                {
                    names.push(column.name.clone());
                }
                Ok(TreeNodeRecursion::Continue)
            });
            seen.ok().map(|_| names)
        };
        let names = self.select.iter().try_fold(Vec::new(), add)?;
        let is_star = self.select.iter().all(names_one)
            && names.iter().eq(table.resource.columns.iter().map(|column| &column.name));
        if is_star {
            return None;
        }
        self.filter.iter().chain(&self.sort).try_fold(names, add)
    }
}

/// Whether an expression is a column, possibly with an alias.
fn names_one(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) => true,
        Expr::Alias(alias) => names_one(&alias.expr),
        _ => false,
    }
}
