//! Texts, and truths, in `IN` and `BETWEEN` of numbers: what [`operators`](crate::operators) does for comparisons.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Between, InList};
use datafusion::logical_expr::{ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;
use datafusion::prelude::{Expr, cast};

use crate::operators::{number, spelled};

/// The rule, in front of the one that makes types agree.
#[derive(Debug)]
pub(crate) struct Lists;

impl AnalyzerRule for Lists {
    fn name(&self) -> &'static str {
        "texts_among_numbers"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let mut schema = DFSchema::empty();
            plan.inputs().iter().for_each(|input| schema.merge(input.schema()));
            plan.map_expressions(|expr| expr.transform_up(|expr| Ok(agreeing(expr, &schema))))
        })
        .data()
    }
}

fn agreeing(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let is_number = |expr: &Expr| expr.get_type(schema).is_ok_and(|kind| kind.is_numeric());
    let is_whole = |expr: &Expr| matches!(expr, Expr::Literal(value, _) if value.data_type().is_integer());
    match expr {
        Expr::InList(InList { expr, list, negated }) if list.iter().all(is_number) => {
            let kind = expr.get_type(schema).unwrap_or(DataType::Null);
            let (expr, list) = match expr.as_ref() {
                Expr::Column(_) if kind.is_string() && list.iter().all(is_whole) => {
                    let list = list.into_iter().map(|item| spelled(item, &expr, &kind)).collect();
                    (expr, list)
                }
                _ => (Box::new(beside_numbers(*expr, &kind)), list),
            };
            Transformed::yes(Expr::InList(InList { expr, list, negated }))
        }
        Expr::Between(Between { expr, negated, low, high }) if is_number(&low) && is_number(&high) => {
            let kind = expr.get_type(schema).unwrap_or(DataType::Null);
            let expr = Box::new(beside_numbers(*expr, &kind));
            Transformed::yes(Expr::Between(Between { expr, negated, low, high }))
        }
        other => Transformed::no(other),
    }
}

fn beside_numbers(expr: Expr, kind: &DataType) -> Expr {
    match kind {
        DataType::Boolean => cast(expr, DataType::Int64),
        kind if kind.is_string() => number().call(vec![expr]),
        _ => expr,
    }
}
