//! Quantified comparisons of a value with the rows of a subquery: `x IN S` is `x = ANY S`, `x NOT IN S` is `x <> ALL S`.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, DFSchemaRef, ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit, when,
};

use super::{FORMS, Names};
use crate::error::Error;

/// A quantified comparison, and the schema of the relation for whose rows it is evaluated.
#[derive(Debug)]
pub(super) struct Quantified {
    comparison: SetComparison,
    outer: DFSchemaRef,
    /// The subquery references columns of the outer relation.
    is_correlated: bool,
}

impl Quantified {
    /// Creates the comparison.
    ///
    /// # Errors
    ///
    /// The subquery is correlated and has LIMIT or a window function over the correlated rows, which no join can evaluate.
    pub(super) fn try_new(comparison: SetComparison, outer: &LogicalPlan) -> Result<Self> {
        let is_correlated = is_correlated(&comparison.subquery.subquery);
        if is_correlated && counts_rows(&comparison.subquery.subquery) {
            return Err(Error::InvalidStatement {
                message: "a subquery of IN that names columns of the query around it cannot have LIMIT or a window \
                          function over them"
                    .to_owned(),
                hint: Some(FORMS.to_owned()),
            }
            .into());
        }
        Ok(Self { comparison, outer: Arc::clone(outer.schema()), is_correlated })
    }

    /// Whether it is IN.
    fn is_in(&self) -> bool {
        (self.comparison.op, &self.comparison.quantifier) == (Operator::Eq, &SetQuantifier::Any)
    }

    fn is_not_in(&self) -> bool {
        (self.comparison.op, &self.comparison.quantifier) == (Operator::NotEq, &SetQuantifier::All)
    }

    /// Whether DataFusion plans it correctly as a condition of WHERE: as a semi join, or as a null-aware anti join on one key.
    pub(super) fn is_planned_as_condition(&self) -> bool {
        let left = &self.comparison.expr;
        self.is_in() || (self.is_not_in() && !self.is_correlated && left.any_column_refs() && !left.contains_outer())
    }

    /// Converts it to IN or NOT IN; the caller has checked that it is one of them.
    pub(super) fn into_in(self) -> Expr {
        let negated = self.is_not_in();
        Expr::InSubquery(InSubquery::new(self.comparison.expr, self.comparison.subquery, negated))
    }

    /// The comparison with a scalar subquery, where the subquery is correlated and an aggregate returns one row for each outer
    /// row. A join would return no row where there is nothing to aggregate.
    pub(super) fn as_comparison(&self) -> Option<Expr> {
        let SetComparison { expr, subquery, op, .. } = &self.comparison;
        let is_one = self.is_correlated && gives_one_row(&subquery.subquery);
        is_one.then(|| binary(expr.as_ref().clone(), *op, Expr::ScalarSubquery(subquery.clone())))
    }

    /// An expression that is true where the comparison is true, and false where it is false or NULL.
    pub(super) fn truth(&self, names: &Names) -> Result<Expr> {
        let rows = self.rows(names)?;
        match self.comparison.quantifier {
            SetQuantifier::Any => rows.exist(rows.decisive.clone(), false),
            SetQuantifier::All => match rows.unknown.clone() {
                None => rows.exist(rows.decisive.clone(), true),
                Some(unknown) => rows.exist(rows.decisive.clone().or(unknown), true),
            },
        }
    }

    /// An expression with the value of the comparison, which may be NULL.
    pub(super) fn value(&self, names: &Names) -> Result<Expr> {
        let rows = self.rows(names)?;
        let decided = self.comparison.quantifier == SetQuantifier::Any;
        let Some(unknown) = rows.unknown.clone() else {
            return rows.exist(rows.decisive.clone(), !decided);
        };
        let (decisive, unknown) = (rows.exist(rows.decisive.clone(), false)?, rows.exist(unknown, false)?);
        when(decisive, lit(decided)).when(unknown, lit(ScalarValue::Boolean(None))).otherwise(lit(!decided))
    }

    /// The subquery, with its column under a unique name, and the conditions on its rows.
    fn rows(&self, names: &Names) -> Result<Rows> {
        let SetComparison { expr, subquery, op, quantifier } = &self.comparison;
        // The outer relation may have a column of the same name.
        let name = names.next("__quantified");
        let inner = subquery.subquery.as_ref().clone();
        let (qualifier, field) = inner.schema().qualified_field(0);
        let (column, is_nullable) = (Column::new(qualifier.cloned(), field.name()), field.is_nullable());
        let plan = LogicalPlanBuilder::from(inner).project([Expr::Column(column).alias(&name)])?.build()?;
        let right = Expr::Column(Column::new_unqualified(name));
        let outer = |expr: Expr| match expr {
            Expr::Column(column) => {
                let field = Arc::clone(self.outer.field_from_column(&column)?);
                Ok(Transformed::yes(Expr::OuterReferenceColumn(field, column)))
            }
            other => Ok(Transformed::no(other)),
        };
        let left = expr.as_ref().clone().transform_up(outer).data()?;
        let mut unknown = Vec::new();
        if is_nullable {
            unknown.push(right.clone().is_null());
        }
        if expr.nullable(self.outer.as_ref())? {
            unknown.push(left.clone().is_null());
        }
        let decisive = match quantifier {
            SetQuantifier::Any => binary(left, *op, right),
            SetQuantifier::All => match op.negate() {
                Some(negated) => binary(left, negated, right),
                None => Expr::Not(Box::new(binary(left, *op, right))),
            },
        };
        Ok(Rows { plan, decisive, unknown: unknown.into_iter().reduce(Expr::or) })
    }
}

/// The rows of a subquery, and the conditions that determine the value of the comparison.
struct Rows {
    plan: LogicalPlan,
    /// True for a row that decides the comparison.
    decisive: Expr,
    /// True for a row whose comparison is NULL; `None` where this is not possible.
    unknown: Option<Expr>,
}

impl Rows {
    fn exist(&self, condition: Expr, negated: bool) -> Result<Expr> {
        let plan = LogicalPlanBuilder::from(self.plan.clone()).filter(condition)?.build()?;
        let outer_ref_columns = plan.all_out_ref_exprs();
        let subquery = Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Default::default() };
        Ok(Expr::Exists(Exists { subquery, negated }))
    }
}

fn binary(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

pub(super) fn is_correlated(plan: &LogicalPlan) -> bool {
    !plan.all_out_ref_exprs().is_empty()
}

/// Whether a plan returns exactly one row for any input.
pub(super) fn gives_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => gives_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => gives_one_row(&alias.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
        _ => false,
    }
}

/// Whether a plan has LIMIT or a window function over correlated rows.
fn counts_rows(plan: &LogicalPlan) -> bool {
    let counts = matches!(plan, LogicalPlan::Limit(_) | LogicalPlan::Window(_)) && is_correlated(plan);
    counts || plan.inputs().into_iter().any(counts_rows)
}
