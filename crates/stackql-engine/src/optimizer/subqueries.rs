//! Subquery predicates (IN, `= ANY`, `<> ALL`, EXISTS) with the three-valued logic of SQL, in every clause.
//!
//! DataFusion executes IN and EXISTS in WHERE and HAVING as joins. For conditions that AND connects, its semi join is correct
//! for IN, and its null-aware anti join is correct for NOT IN if the subquery is uncorrelated. It treats all others as
//! two-valued, or cannot plan them. [`SubqueryPredicateRule`] leaves the correct ones unchanged and rewrites the others to
//! EXISTS: `x NOT IN S` is true if no row of S has `y = x OR y IS NULL OR x IS NULL`; its value is `CASE WHEN EXISTS (S, y = x)
//! THEN false WHEN EXISTS (S, y IS NULL OR x IS NULL) THEN NULL ELSE true END`.
//!
//! Outside of WHERE and HAVING, where DataFusion does not support EXISTS, each becomes the column of a mark join ([`marks`]).
//! In aggregates, windows and ORDER BY, where it does not support scalar subqueries either, these become columns of the input.

mod marks;
mod quantified;

use std::cell::Cell;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr::{AggregateFunction, Case, InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::{BinaryExpr, Expr, Filter, LogicalPlan, LogicalPlanBuilder, Operator, lit};
use datafusion::optimizer::AnalyzerRule;

use crate::error::Error;
use quantified::{Quantified, gives_one_row, is_correlated};

/// Analyzer rule that rewrites subquery predicates into forms that DataFusion plans correctly.
#[derive(Debug)]
pub(crate) struct SubqueryPredicateRule;

impl AnalyzerRule for SubqueryPredicateRule {
    fn name(&self) -> &'static str {
        "subquery_predicates"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let names = Names::default();
        plan.transform_up_with_subqueries(|plan| rewrite(plan, &names)).data()
    }
}

/// Generates unique names for the relations and columns that the rule adds.
#[derive(Debug, Default)]
struct Names(Cell<usize>);

impl Names {
    fn next(&self, prefix: &str) -> String {
        let number = self.0.get() + 1;
        self.0.set(number);
        format!("{prefix}_{number}")
    }
}

/// The hint of errors: equivalent forms that are supported.
const FORMS: &str = "join with it, or write NOT EXISTS or EXISTS with the comparison in its WHERE";

/// Which properties of a predicate's value matter at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// It is a condition of WHERE or HAVING, alone or connected by AND.
    Condition,
    /// Only whether it is true: false and NULL are equivalent.
    Truth,
    /// Its value: true, false or NULL.
    Value,
}

impl Position {
    /// The position of an operand that AND does not connect.
    fn apart(self) -> Self {
        if self == Self::Condition { Self::Truth } else { self }
    }
}

fn rewrite(plan: LogicalPlan, names: &Names) -> Result<Transformed<LogicalPlan>> {
    match plan {
        // Decorrelation adds the join columns to the input of an alias but not to the alias itself, so a projection replaces
        // the alias.
        LogicalPlan::SubqueryAlias(alias)
            if is_correlated(&alias.input) && !matches!(alias.input.as_ref(), LogicalPlan::Subquery(_)) =>
        {
            let column = |((qualifier, field), (own, _)): ((Option<&_>, &FieldRef), (Option<&_>, _))| {
                let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
                column.alias_qualified(own.cloned(), field.name())
            };
            let columns: Vec<Expr> = alias.input.schema().iter().zip(alias.schema.iter()).map(column).collect();
            let input = alias.input.as_ref().clone();
            Ok(Transformed::yes(LogicalPlanBuilder::from(input).project(columns)?.build()?))
        }
        plan if !holds_predicate(&plan) && !gathers_subquery(&plan) => Ok(Transformed::no(plan)),
        LogicalPlan::Filter(filter) => {
            let rewriting = Rewriting { input: &filter.input, names, is_filter: true };
            let predicate = rewriting.expr(filter.predicate, Position::Condition)?;
            Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(predicate, filter.input)?)))
        }
        LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Sort(_) | LogicalPlan::Window(_) => {
            let Some(input) = plan.inputs().first().map(|input| (*input).clone()) else {
                return Ok(Transformed::no(plan));
            };
            let rewriting = Rewriting { input: &input, names, is_filter: false };
            let exprs = plan.expressions().into_iter().map(|expr| rewriting.expr(expr, Position::Value));
            let exprs = exprs.collect::<Result<Vec<_>>>()?;
            marks::marked(&plan, input, exprs, names).map(Transformed::yes)
        }
        other => Ok(Transformed::no(other)),
    }
}

/// Whether the expressions of a node itself contain subquery predicates.
fn holds_predicate(plan: &LogicalPlan) -> bool {
    let is = |e: &Expr| Ok(matches!(e, Expr::InSubquery(_) | Expr::Exists(_) | Expr::SetComparison(_)));
    plan.expressions().iter().any(|expr| expr.exists(is).unwrap_or_default())
}

fn gathers_subquery(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Aggregate(_) | LogicalPlan::Sort(_) | LogicalPlan::Window(_))
        && plan.expressions().iter().any(Expr::contains_scalar_subquery)
}

/// An error for the first subquery of an optimized plan that was not turned into a join.
pub(crate) fn unplanned(plan: &LogicalPlan) -> Option<Error> {
    let mut found = None;
    let walked = plan.apply(|node| {
        let is_correlated =
            |expr: &Expr| expr.exists(|e| Ok(matches!(e, Expr::OuterReferenceColumn(..)))).unwrap_or_default();
        let exprs = node.expressions();
        if holds_predicate(node) || exprs.iter().any(|e| e.contains_scalar_subquery() || is_correlated(e)) {
            found = Some(Error::InvalidStatement {
                message:
                    "a subquery cannot be evaluated: it names columns of the query around it below LIMIT, ORDER BY, \
                          UNION or a window function, compares them other than by = below an aggregate, or stands in ON"
                        .to_owned(),
                hint: Some(FORMS.to_owned()),
            });
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.ok().and(found)
}

/// The rewrite of the expressions of one node.
struct Rewriting<'a> {
    input: &'a LogicalPlan,
    names: &'a Names,
    /// The node is a filter, where DataFusion plans IN and EXISTS as joins.
    is_filter: bool,
}

impl Rewriting<'_> {
    fn expr(&self, expr: Expr, at: Position) -> Result<Expr> {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) if at != Position::Value => {
                Ok(self.expr(*left, at)?.and(self.expr(*right, at)?))
            }
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) if at != Position::Value => {
                Ok(self.expr(*left, at.apart())?.or(self.expr(*right, at.apart())?))
            }
            Expr::Not(inner) => match *inner {
                Expr::InSubquery(within) => {
                    self.expr(Expr::InSubquery(InSubquery { negated: !within.negated, ..within }), at)
                }
                Expr::Exists(mut exists) => {
                    exists.negated = !exists.negated;
                    self.expr(Expr::Exists(exists), at)
                }
                other => Ok(Expr::Not(Box::new(self.expr(other, Position::Value)?))),
            },
            Expr::IsTrue(inner) => Ok(Expr::IsTrue(Box::new(self.expr(*inner, Position::Truth)?))),
            Expr::IsNotTrue(inner) => Ok(Expr::IsNotTrue(Box::new(self.expr(*inner, Position::Truth)?))),
            Expr::Case(Case { expr: None, when_then_expr, else_expr }) => {
                let branch = |(when, then): (Box<Expr>, Box<Expr>)| {
                    let when = self.expr(*when, Position::Truth)?;
                    Ok((Box::new(when), Box::new(self.expr(*then, at.apart())?)))
                };
                let otherwise = else_expr.map(|expr| self.expr(*expr, at.apart()).map(Box::new)).transpose()?;
                let branches = when_then_expr.into_iter().map(branch).collect::<Result<_>>()?;
                Ok(Expr::Case(Case::new(None, branches, otherwise)))
            }
            Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
                let filter = params.filter.take().map(|filter| self.expr(*filter, Position::Truth)).transpose()?;
                let function = self.within(Expr::AggregateFunction(AggregateFunction { func, params }))?;
                let Expr::AggregateFunction(mut function) = function else { return Ok(function) };
                function.params.filter = filter.map(Box::new);
                Ok(Expr::AggregateFunction(function))
            }
            Expr::Exists(exists) if gives_one_row(&exists.subquery.subquery) => Ok(lit(!exists.negated)),
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let left = Box::new(self.expr(*expr, Position::Value)?);
                let (op, quantifier) = match negated {
                    false => (Operator::Eq, SetQuantifier::Any),
                    true => (Operator::NotEq, SetQuantifier::All),
                };
                self.quantified(SetComparison { expr: left, subquery, op, quantifier }, at)
            }
            Expr::SetComparison(mut comparison) => {
                comparison.expr = Box::new(self.expr(*comparison.expr, Position::Value)?);
                self.quantified(comparison, at)
            }
            other => self.within(other),
        }
    }

    /// Rewrites an expression all of whose operands matter by value.
    fn within(&self, expr: Expr) -> Result<Expr> {
        expr.map_children(|child| Ok(Transformed::yes(self.expr(child, Position::Value)?))).data()
    }

    fn quantified(&self, comparison: SetComparison, at: Position) -> Result<Expr> {
        let quantified = Quantified::try_new(comparison, self.input)?;
        if let Some(comparison) = quantified.as_comparison() {
            return Ok(comparison);
        }
        // Forms that DataFusion plans correctly remain IN.
        match at {
            Position::Condition if self.is_filter && quantified.is_planned_as_condition() => Ok(quantified.into_in()),
            Position::Condition | Position::Truth => quantified.truth(self.names),
            Position::Value => quantified.value(self.names),
        }
    }
}
