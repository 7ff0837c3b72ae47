//! A value compared with all rows of a subquery: `x IN S` is `x = ANY S`, `x NOT IN S` is `x <> ALL S`.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, DFSchemaRef, ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit, when,
};

use super::{FORMS, Names};
use crate::error::Error;

/// The comparison, and the relation whose rows it is made for.
#[derive(Debug)]
pub(super) struct Quantified {
    comparison: SetComparison,
    outer: DFSchemaRef,
    /// The subquery names columns of the outer relation.
    is_correlated: bool,
}

impl Quantified {
    /// # Errors
    ///
    /// The rows of the subquery that are left hang on the outer row, so that no join gives them.
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

    /// Whether DataFusion plans it right as a condition of WHERE: a semi join, or an anti join on one key that knows NULL.
    pub(super) fn is_planned_as_condition(&self) -> bool {
        let left = &self.comparison.expr;
        self.is_in() || (self.is_not_in() && !self.is_correlated && left.any_column_refs() && !left.contains_outer())
    }

    /// As IN or NOT IN, which it is.
    pub(super) fn into_in(self) -> Expr {
        let negated = self.is_not_in();
        Expr::InSubquery(InSubquery::new(self.comparison.expr, self.comparison.subquery, negated))
    }

    /// A comparison with the one row that an aggregate gives for each outer row, where it is one. As a join it would give none
    /// where there is nothing to aggregate.
    pub(super) fn as_comparison(&self) -> Option<Expr> {
        let SetComparison { expr, subquery, op, .. } = &self.comparison;
        let is_one = self.is_correlated && gives_one_row(&subquery.subquery);
        is_one.then(|| binary(expr.as_ref().clone(), *op, Expr::ScalarSubquery(subquery.clone())))
    }

    /// A condition that is true where it is true, and false else.
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

    /// Its value, NULL included.
    pub(super) fn value(&self, names: &Names) -> Result<Expr> {
        let rows = self.rows(names)?;
        let decided = self.comparison.quantifier == SetQuantifier::Any;
        let Some(unknown) = rows.unknown.clone() else {
            return rows.exist(rows.decisive.clone(), !decided);
        };
        let (decisive, unknown) = (rows.exist(rows.decisive.clone(), false)?, rows.exist(unknown, false)?);
        when(decisive, lit(decided)).when(unknown, lit(ScalarValue::Boolean(None))).otherwise(lit(!decided))
    }

    /// The subquery, its column under a name of its own, and what is asked of its rows.
    fn rows(&self, names: &Names) -> Result<Rows> {
        let SetComparison { expr, subquery, op, quantifier } = &self.comparison;
        // Columns of the outer relation may have its name.
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

/// Rows of a subquery.
struct Rows {
    plan: LogicalPlan,
    /// True of a row that decides the comparison.
    decisive: Expr,
    /// True of a row that leaves it open; `None` where there can be none.
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

/// Whether a plan gives exactly one row whatever it reads.
pub(super) fn gives_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => gives_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => gives_one_row(&alias.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
        _ => false,
    }
}

/// Whether rows are counted or numbered that hang on the outer row.
fn counts_rows(plan: &LogicalPlan) -> bool {
    let counts = matches!(plan, LogicalPlan::Limit(_) | LogicalPlan::Window(_)) && is_correlated(plan);
    counts || plan.inputs().into_iter().any(counts_rows)
}
