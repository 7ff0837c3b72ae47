//! Marks expressions that choose among JSON values as JSON: CASE, `coalesce`, `nullif` and scalar subqueries. DataFusion drops
//! the JSON metadata of their results; this rule wraps them in a function that restores it.

use datafusion::common::DFSchema;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::error::Result;
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;
use datafusion::prelude::Expr;

use crate::expressions::rewritten;
use crate::function::Function;
use crate::order::{has_json, is_document, is_marked};
use crate::value::{Type, Value};

/// The analyzer rule.
#[derive(Debug)]
pub(crate) struct JsonResultsRule;

impl AnalyzerRule for JsonResultsRule {
    fn name(&self) -> &'static str {
        "json_results"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        if !has_json(&plan)? {
            return Ok(plan);
        }
        plan.transform_up_with_subqueries(|plan| {
            let plan = rewritten(plan, |expr, schema| {
                Ok(match is_json(&expr, schema) {
                    true => Transformed::yes(MARKED.udf().call(vec![expr])),
                    false => Transformed::no(expr),
                })
            })?;
            // A mark below changes the fields of the columns above.
            plan.map_data(LogicalPlan::recompute_schema)
        })
        .data()
    }
}

/// Returns its argument, marked as JSON.
const MARKED: Function = Function::new(
    "as_json",
    (1, 1),
    Type::Json,
    |row| Ok(row[0].as_text().map_or(Value::Null, |text| Value::Json(text.into_owned().into()))),
    ("as_json(x)", "x, which is JSON", "as_json('[]')"),
);

/// Whether an expression that chooses among values yields JSON without the metadata of it.
fn is_json(expr: &Expr, schema: &DFSchema) -> bool {
    let results: Vec<&Expr> = match expr {
        Expr::Case(Case { when_then_expr, else_expr, .. }) => {
            when_then_expr.iter().map(|(_, then)| then.as_ref()).chain(else_expr.as_deref()).collect()
        }
        Expr::ScalarFunction(function) => match function.name() {
            "coalesce" | "nvl" => function.args.iter().collect(),
            "nullif" => function.args.iter().take(1).collect(),
            _ => return false,
        },
        Expr::ScalarSubquery(subquery) => {
            let is_known = expr.to_field(schema).is_ok_and(|(_, field)| is_marked(&field));
            return !is_known && subquery.subquery.schema().fields().first().is_some_and(|field| is_marked(field));
        }
        _ => return false,
    };
    let of_kind = |result: &&Expr| match result {
        Expr::Literal(value, _) if value.is_null() => Kind::Nothing,
        Expr::Literal(value, _) if is_document(value) => Kind::Document,
        Expr::Literal(..) => Kind::Other,
        other => match other.to_field(schema) {
            Ok((_, field)) if is_marked(&field) => Kind::Json,
            _ => Kind::Other,
        },
    };
    let kinds: Vec<Kind> = results.iter().map(of_kind).collect();
    kinds.contains(&Kind::Json) && !kinds.contains(&Kind::Other)
}

/// The kind of one of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Marked as JSON.
    Json,
    /// A constant JSON list or object.
    Document,
    /// NULL.
    Nothing,
    Other,
}
