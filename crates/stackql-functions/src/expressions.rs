//! Rewrites the expressions of one plan node, for analyzer rules.

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::prelude::Expr;

/// Rewrites all expressions of the node bottom-up. `rewrite` receives the merged schema of the node's inputs. Output columns
/// keep their names.
pub(crate) fn rewritten(
    plan: LogicalPlan,
    mut rewrite: impl FnMut(Expr, &DFSchema) -> Result<Transformed<Expr>>,
) -> Result<Transformed<LogicalPlan>> {
    let mut schema = DFSchema::empty();
    plan.inputs().iter().for_each(|input| schema.merge(input.schema()));
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let expr = expr.transform_up(|expr| rewrite(expr, &schema))?;
        Ok(expr.update_data(|expr| name.restore(expr)))
    })
}
