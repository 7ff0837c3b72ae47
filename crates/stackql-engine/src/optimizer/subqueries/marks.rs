//! Mark joins: EXISTS as a boolean column of the input, for expressions outside of WHERE and HAVING. In aggregates, windows and
//! ORDER BY, scalar subqueries become columns of the input, too.

use std::collections::BTreeSet;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, DFSchemaRef, Result};
use datafusion::logical_expr::expr::Exists;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;

use super::Names;
use crate::error::Error;

/// The column that a mark join adds.
const MARK: &str = "mark";

/// The node with new expressions, whose EXISTS become mark columns of its input. Its output columns remain the same.
pub(super) fn marked(
    plan: &LogicalPlan,
    mut input: LogicalPlan,
    exprs: Vec<Expr>,
    names: &Names,
) -> Result<LogicalPlan> {
    let width = input.schema().fields().len();
    let mut all = Vec::with_capacity(exprs.len());
    let takes_columns = !matches!(plan, LogicalPlan::Projection(_));
    for expr in exprs {
        let with_marks = expr.transform_up(|expr| match expr {
            Expr::ScalarSubquery(_) if takes_columns => {
                let name = names.next("__scalar");
                let before = input.schema().columns().into_iter().map(Expr::Column);
                let columns: Vec<Expr> = before.chain([expr.alias(&name)]).collect();
                input = LogicalPlanBuilder::from(input.clone()).project(columns)?.build()?;
                Ok(Transformed::yes(Expr::Column(Column::new_unqualified(name))))
            }
            Expr::Exists(exists) => {
                let (joined, mark) = mark(input.clone(), &exists, names)?;
                input = joined;
                Ok(Transformed::yes(mark))
            }
            other => Ok(Transformed::no(other)),
        });
        all.push(with_marks.data()?);
    }
    let marks = input.schema().fields().len() - width;
    let made = plan.with_new_exprs(all, vec![input])?;
    // Sorts and windows pass the columns of the input on, first in their output; the added columns are the last of these.
    let passes_on = matches!(plan, LogicalPlan::Sort(_) | LogicalPlan::Window(_));
    let place = |at: usize| if passes_on && at >= width { at + marks } else { at };
    as_before(made, plan.schema(), place)
}

/// The mark join of `input` with the subquery, and the expression that is true for rows for which EXISTS holds.
fn mark(input: LogicalPlan, exists: &Exists, names: &Names) -> Result<(LogicalPlan, Expr)> {
    let mut pulling = PullUpCorrelatedExpr::new().with_exists_sub_query(true);
    let inner = exists.subquery.subquery.as_ref().clone().rewrite(&mut pulling).data()?;
    if !pulling.can_pull_up {
        return Err(Error::InvalidStatement {
            message:
                "a subquery that names columns of the query around it in such a place cannot stand outside of WHERE"
                    .to_owned(),
            hint: Some("join with it".to_owned()),
        }
        .into());
    }
    let alias = names.next("__exists");
    let inner = LogicalPlanBuilder::from(inner).alias(alias.as_str())?.build()?;
    let correlated: BTreeSet<Column> = pulling.correlated_subquery_cols_map.into_values().flatten().collect();
    let renamed = |expr: Expr| match expr {
        Expr::Column(column) if correlated.contains(&column) => {
            Ok(Transformed::yes(Expr::Column(Column::new(Some(alias.as_str()), column.name))))
        }
        other => Ok(Transformed::no(other)),
    };
    let condition = conjunction(pulling.join_filters).map(|filter| filter.transform_up(renamed).data()).transpose()?;
    let condition = condition.unwrap_or_else(|| lit(true));
    let mut needed: Vec<Column> =
        condition.column_refs().into_iter().filter(|column| inner.schema().has_column(column)).cloned().collect();
    needed.sort();
    let inner = match needed.is_empty() {
        true => inner,
        false => LogicalPlanBuilder::from(inner).project(needed.into_iter().map(Expr::Column))?.build()?,
    };
    let joined = LogicalPlanBuilder::from(input).join_on(inner, JoinType::LeftMark, Some(condition))?.build()?;
    let mark = Expr::Column(Column::new(Some(alias), MARK));
    Ok((joined, if exists.negated { !mark } else { mark }))
}

/// Projects the columns of `schema` from a plan; `place` maps a position in `schema` to one in the plan.
fn as_before(plan: LogicalPlan, schema: &DFSchemaRef, place: impl Fn(usize) -> usize) -> Result<LogicalPlan> {
    let columns = schema.iter().enumerate().map(|(at, (qualifier, field))| {
        let (own, made) = plan.schema().qualified_field(place(at));
        let column = Expr::Column(Column::new(own.cloned(), made.name()));
        match (own, made.name()) == (qualifier, field.name()) {
            true => column,
            false => column.alias_qualified(qualifier.cloned(), field.name()),
        }
    });
    let columns: Vec<Expr> = columns.collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
