//! What a literal means beside a column of another type: `account = 123456789012` is about a column of texts, so the
//! number is the text. Without this each row's text would be read as a number, and the first that is none would end the
//! statement.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::Analyzer;

/// Gives literals the type of the columns that they are compared with, where both mean the same.
#[derive(Debug)]
struct LiteralsAsColumns;

/// DataFusion's rules, with ours in front.
pub(crate) fn rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let own: Arc<dyn AnalyzerRule + Send + Sync> = Arc::new(LiteralsAsColumns);
    std::iter::once(own).chain(Analyzer::new().rules).collect()
}

impl AnalyzerRule for LiteralsAsColumns {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let of_node = |node: LogicalPlan| {
            let schema = merge_schema(&node.inputs());
            node.map_expressions(|expr| expr.transform_up(|expr| Ok(compared(expr, &schema))))
        };
        Ok(plan.transform_up_with_subqueries(of_node)?.data)
    }

    fn name(&self) -> &'static str {
        "literals_as_columns"
    }
}

fn compared(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::Eq | Operator::NotEq), right }) => {
            let (of_left, of_right) = (as_column(&right, &left, schema), as_column(&left, &right, schema));
            let is_other = of_left.is_some() || of_right.is_some();
            let (left, right) = (of_left.map_or(left, Box::new), of_right.map_or(right, Box::new));
            Transformed::new_transformed(Expr::BinaryExpr(BinaryExpr { left, op, right }), is_other)
        }
        Expr::InList(InList { expr, list, negated }) => {
            let list = list.into_iter().map(|item| as_column(&expr, &item, schema).unwrap_or(item)).collect();
            Transformed::yes(Expr::InList(InList { expr, list, negated }))
        }
        other => Transformed::no(other),
    }
}

/// The literal as one of the column's type.
fn as_column(column: &Expr, literal: &Expr, schema: &DFSchema) -> Option<Expr> {
    let (Expr::Column(_), Expr::Literal(value, metadata)) = (column, literal) else { return None };
    let value = match (column.get_type(schema).ok()?, value) {
        (DataType::Utf8, ScalarValue::Int64(Some(number))) => ScalarValue::from(number.to_string()),
        (DataType::Utf8, ScalarValue::UInt64(Some(number))) => ScalarValue::from(number.to_string()),
        (DataType::Utf8, ScalarValue::Boolean(Some(value))) => ScalarValue::from(value.to_string()),
        (DataType::Boolean, ScalarValue::Int64(Some(number @ (0 | 1)))) => ScalarValue::from(*number == 1),
        _ => return None,
    };
    Some(Expr::Literal(value, metadata.clone()))
}
