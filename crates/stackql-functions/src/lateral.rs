//! Table functions with columns of other relations as arguments (lateral joins), as plans that DataFusion can execute.
//!
//! A join with a function of the left side's columns becomes an unnest of the left side. A correlated subquery over a function
//! of outer columns becomes a subquery over the function of all distinct outer values, filtered to those that equal the values
//! of the outer row. DataFusion can decorrelate such a filter.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ExprSchema, NullHandling, ScalarValue, TableReference, UnnestOptions};
use datafusion::error::Result;
use datafusion::functions_aggregate::first_last::first_value;
use datafusion::logical_expr::{
    Expr, FetchType, Join, JoinType, LogicalPlan, LogicalPlanBuilder, SkipType, Sort, Subquery, SubqueryAlias,
};
use datafusion::optimizer::AnalyzerRule;

use crate::expressions::rewritten;
use crate::table::ROWS;

/// The prefix of the columns with the distinct values of outer columns.
const KEY: &str = "__";

/// The analyzer rule.
#[derive(Debug)]
pub(crate) struct UnnestLateralRule;

impl AnalyzerRule for UnnestLateralRule {
    fn name(&self) -> &'static str {
        "lateral_functions_unnested"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Join(join) => match unnested(&join)? {
                Some(plan) => Ok(Transformed::yes(plan)),
                None => Ok(Transformed::no(LogicalPlan::Join(join))),
            },
            LogicalPlan::Sort(sort) => {
                let columns = sort.input.schema().columns();
                match with_outer_columns(&sort)? {
                    None => over_input(LogicalPlan::Sort(sort)),
                    Some(wider) => over_input(wider)?.map_data(|wider| {
                        LogicalPlanBuilder::from(wider).project(columns.into_iter().map(Expr::Column))?.build()
                    }),
                }
            }
            LogicalPlan::Filter(_) | LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) => over_input(plan),
            other => Ok(Transformed::no(other)),
        })
        .data()
    }
}

/// Rewrites the subqueries in the expressions of a node whose functions use columns of its input.
fn over_input(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let Some(outer) = plan.inputs().first().map(|input| (*input).clone()) else { return Ok(Transformed::no(plan)) };
    rewritten(plan, |expr, _| with_values_of(expr, &outer))
}

/// The sort over a wider projection, if its subqueries use columns that the projection below it drops; `None` if none does.
fn with_outer_columns(sort: &Sort) -> Result<Option<LogicalPlan>> {
    let LogicalPlan::Projection(projection) = sort.input.as_ref() else { return Ok(None) };
    let mut missing: Vec<Column> = Vec::new();
    for key in &sort.expr {
        key.expr.apply(|expr| {
            let subquery = match expr {
                Expr::ScalarSubquery(subquery) => subquery,
                Expr::Exists(exists) => &exists.subquery,
                Expr::InSubquery(within) => &within.subquery,
                _ => return Ok(TreeNodeRecursion::Continue),
            };
            let is_missing =
                |c: &&Column| !sort.input.schema().has_column(c) && projection.input.schema().has_column(c);
            missing.extend(outer_columns(subquery).filter(is_missing).cloned());
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    if missing.is_empty() {
        return Ok(None);
    }
    missing.sort();
    missing.dedup();
    let columns = projection.expr.iter().cloned().chain(missing.into_iter().map(Expr::Column));
    let input = LogicalPlanBuilder::from(projection.input.as_ref().clone()).project(columns)?.build()?;
    Ok(Some(LogicalPlan::Sort(Sort { expr: sort.expr.clone(), input: Arc::new(input), fetch: sort.fetch })))
}

/// The unnest that replaces a join whose right side is a function of the left side's columns; `None` for any other join.
fn unnested(join: &Join) -> Result<Option<LogicalPlan>> {
    let Some((subquery, alias)) = lateral(&join.right) else { return Ok(None) };
    let always = match &join.filter {
        None => true,
        Some(Expr::Literal(ScalarValue::Boolean(Some(true)), _)) => true,
        Some(_) => false,
    };
    let nulls = match join.join_type {
        JoinType::Inner => NullHandling::Drop,
        JoinType::Left if always && join.on.is_empty() => NullHandling::PreserveAndExpandEmpty,
        _ => return Ok(None),
    };
    if !depends_on(subquery, &join.left) {
        return Ok(None);
    }
    let grafting = LateralRewriter { left: join.left.as_ref(), alias, nulls, renamed: &[] };
    let Some(plan) = grafting.over(&subquery.subquery)? else { return Ok(None) };
    let equal = join.on.iter().map(|(left, right)| left.clone().eq(right.clone()));
    let conditions = equal.chain(join.filter.clone().filter(|_| !always));
    Ok(Some(match conditions.reduce(Expr::and) {
        Some(condition) => LogicalPlanBuilder::from(plan).filter(condition)?.build()?,
        None => plan,
    }))
}

/// The subquery and the alias of a relation that is a call with columns of other relations.
fn lateral(plan: &LogicalPlan) -> Option<(&Subquery, &TableReference)> {
    match plan {
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, alias, .. }) => match input.as_ref() {
            LogicalPlan::Subquery(subquery) => Some((subquery, alias)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether all outer columns of a subquery are in this relation.
fn depends_on(subquery: &Subquery, relation: &LogicalPlan) -> bool {
    outer_columns(subquery).all(|column| relation.schema().has_column(column))
}

fn outer_columns(subquery: &Subquery) -> impl Iterator<Item = &Column> {
    subquery.outer_ref_columns.iter().filter_map(|expr| match expr {
        Expr::OuterReferenceColumn(_, column) => Some(column),
        _ => None,
    })
}

/// Rewrites a subquery expression: functions of outer columns become functions of the distinct outer values.
fn with_values_of(expr: Expr, outer: &LogicalPlan) -> Result<Transformed<Expr>> {
    let with_values = |subquery: &Subquery| -> Result<Option<Subquery>> {
        let plan = subquery.subquery.as_ref().clone().transform_down(|plan| match lateral(&plan) {
            Some((function, alias)) if depends_on(function, outer) => match of_values(function, alias, outer)? {
                Some(other) => Ok(Transformed::yes(other)),
                None => Ok(Transformed::no(plan)),
            },
            _ => Ok(Transformed::no(plan)),
        })?;
        match plan.transformed {
            true => Ok(Some(subquery.with_plan(passed_on(plan.data)?.into()))),
            false => Ok(None),
        }
    };
    Ok(match expr {
        Expr::Exists(mut exists) => match with_values(&exists.subquery)? {
            Some(subquery) => {
                exists.subquery = subquery;
                Transformed::yes(Expr::Exists(exists))
            }
            None => Transformed::no(Expr::Exists(exists)),
        },
        Expr::InSubquery(mut within) => match with_values(&within.subquery)? {
            Some(subquery) => {
                within.subquery = subquery;
                Transformed::yes(Expr::InSubquery(within))
            }
            None => Transformed::no(Expr::InSubquery(within)),
        },
        Expr::ScalarSubquery(subquery) => match with_values(&subquery)? {
            Some(rewritten) => {
                let plan = one_row(rewritten.subquery.as_ref().clone())?;
                Transformed::yes(Expr::ScalarSubquery(rewritten.with_plan(plan.into())))
            }
            None if subquery.outer_ref_columns.is_empty() => Transformed::no(Expr::ScalarSubquery(subquery)),
            None => {
                let plan = one_row(subquery.subquery.as_ref().clone())?;
                Transformed::yes(Expr::ScalarSubquery(subquery.with_plan(plan.into())))
            }
        },
        other => Transformed::no(other),
    })
}

/// The function of all distinct outer values, filtered to those of the outer row; `None` if it has another form.
fn of_values(function: &Subquery, alias: &TableReference, outer: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    let columns: Vec<Column> = outer_columns(function).cloned().collect();
    let renamed: Vec<(Column, Column)> = columns
        .into_iter()
        .enumerate()
        .map(|(index, column)| (column, Column::new_unqualified(format!("{KEY}{}_{index}", alias.table()))))
        .collect();
    let values = renamed.iter().map(|(column, key)| Expr::Column(column.clone()).alias(&key.name));
    let values = LogicalPlanBuilder::from(outer.clone()).project(values)?.distinct()?.build()?;
    let grafting = LateralRewriter { left: &values, alias, nulls: NullHandling::Drop, renamed: &renamed };
    let Some(plan) = grafting.over(&function.subquery)? else { return Ok(None) };
    let same = renamed.iter().filter_map(|(column, key)| {
        let field = outer.schema().field_from_column(column).ok()?;
        let of_row = Expr::OuterReferenceColumn(Arc::clone(field), column.clone());
        Some(of_row.eq(Expr::Column(key.clone())))
    });
    match same.reduce(Expr::and) {
        Some(same) => Ok(Some(LogicalPlanBuilder::from(plan).filter(same)?.build()?)),
        None => Ok(None),
    }
}

/// Passes the key columns through the unnests of a plan, for a function whose argument is the result of another one.
fn passed_on(plan: LogicalPlan) -> Result<LogicalPlan> {
    let unnested = plan.transform_up(|plan| match plan {
        LogicalPlan::Unnest(unnest) => {
            let input = with_keys(unnest.input.as_ref().clone())?;
            let (columns, options) = (unnest.exec_columns, unnest.options);
            let plan = LogicalPlanBuilder::from(input).unnest_columns_with_options(columns, options)?.build()?;
            Ok(Transformed::yes(plan))
        }
        other => Ok(Transformed::no(other)),
    });
    unnested.data()
}

/// The plan with the key columns of its inputs added to its projections.
fn with_keys(plan: LogicalPlan) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let input = with_keys(projection.input.as_ref().clone())?;
            let is_new = |column: &Column| {
                column.name.starts_with(KEY)
                    && !projection.expr.iter().any(|e| matches!(e, Expr::Column(c) if c == column))
            };
            let keys: Vec<Expr> = input.schema().columns().into_iter().filter(is_new).map(Expr::Column).collect();
            LogicalPlanBuilder::from(input).project(projection.expr.into_iter().chain(keys))?.build()
        }
        other => Ok(other),
    }
}

/// The first row of a scalar subquery as an aggregate, the form that DataFusion requires to decorrelate it.
fn one_row(plan: LogicalPlan) -> Result<LogicalPlan> {
    if is_aggregate(&plan) {
        return Ok(plan);
    }
    let plan = match plan {
        LogicalPlan::Limit(limit)
            if matches!(limit.get_skip_type()?, SkipType::Literal(0))
                && matches!(limit.get_fetch_type()?, FetchType::Literal(Some(1))) =>
        {
            limit.input.as_ref().clone()
        }
        limited @ LogicalPlan::Limit(_) => return Ok(limited),
        other => other,
    };
    let Some((qualifier, field)) = plan.schema().iter().next() else { return Ok(plan) };
    let (name, column) = (field.name().clone(), Expr::Column(Column::new(qualifier.cloned(), field.name())));
    let (input, value, order) = match plan {
        LogicalPlan::Sort(sort) => (sort.input.as_ref().clone(), column, sort.expr),
        // The sort key is not in the result.
        LogicalPlan::Projection(projection) => match (projection.input.as_ref(), projection.expr.as_slice()) {
            (LogicalPlan::Sort(sort), [value]) => {
                (sort.input.as_ref().clone(), value.clone().unalias(), sort.expr.clone())
            }
            _ => (LogicalPlan::Projection(projection), column, Vec::new()),
        },
        other => (other, column, Vec::new()),
    };
    LogicalPlanBuilder::from(input).aggregate(Vec::<Expr>::new(), [first_value(value, order).alias(name)])?.build()
}

/// Whether a plan already returns the one row of an aggregate.
fn is_aggregate(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => is_aggregate(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_aggregate(&alias.input),
        LogicalPlan::Filter(filter) => is_aggregate(&filter.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        _ => false,
    }
}

/// Replaces the single empty row, over which a table function is planned, by a relation.
struct LateralRewriter<'a> {
    left: &'a LogicalPlan,
    /// The qualifier of the function's columns.
    alias: &'a TableReference,
    nulls: NullHandling,
    /// The names of outer columns in the relation, where they differ.
    renamed: &'a [(Column, Column)],
}

impl LateralRewriter<'_> {
    /// The plan of the function over the relation, with the relation's columns first; `None` if the plan has another form.
    fn over(&self, plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
        Ok(match plan {
            LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => Some(self.left.clone()),
            LogicalPlan::Projection(projection) => {
                let Some(input) = self.over(&projection.input)? else { return Ok(None) };
                let mut all: Vec<Expr> = self.left.schema().columns().into_iter().map(Expr::Column).collect();
                for (expr, field) in projection.expr.iter().zip(projection.schema.fields()) {
                    let expr = self.within(expr.clone())?;
                    let own = self.own(field.name());
                    all.push(expr.unalias().alias_qualified(own.relation, own.name));
                }
                Some(LogicalPlanBuilder::from(input).project(all)?.build()?)
            }
            LogicalPlan::Unnest(unnest) => {
                let Some(input) = self.over(&unnest.input)? else { return Ok(None) };
                let options = UnnestOptions { null_handling: self.nulls, ..unnest.options.clone() };
                let columns = unnest.exec_columns.iter().map(|column| self.own(&column.name)).collect();
                Some(LogicalPlanBuilder::from(input).unnest_columns_with_options(columns, options)?.build()?)
            }
            _ => None,
        })
    }

    /// A column of the function. The list column stays unqualified, because unnesting drops the qualifier.
    fn own(&self, name: &str) -> Column {
        match name {
            ROWS => Column::new_unqualified(name),
            name => Column::new(Some(self.alias.clone()), name),
        }
    }

    /// The expression with outer references replaced by columns of the relation.
    fn within(&self, expr: Expr) -> Result<Expr> {
        expr.transform_up(|expr| match expr {
            Expr::OuterReferenceColumn(_, column) => {
                let name = self.renamed.iter().find(|(outer, _)| *outer == column).map(|(_, key)| key.clone());
                Ok(Transformed::yes(Expr::Column(name.unwrap_or(column))))
            }
            Expr::Column(column) => Ok(Transformed::yes(Expr::Column(self.own(&column.name)))),
            other => Ok(Transformed::no(other)),
        })
        .data()
    }
}
