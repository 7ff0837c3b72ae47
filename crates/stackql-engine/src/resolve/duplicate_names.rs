//! Output columns with the same name. SQL allows them and the planner does not, so they get unique names before planning,
//! and the physical plan restores their names.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::sql::sqlparser::ast::{Expr, Select, SelectItem};

use stackql_provider::names::fold;

use super::names::quoted;

/// Separates a name from the number that makes it unique; no real column name contains it.
const MARK: char = '\u{1f}';

/// Makes the output names of a projection unique.
pub(crate) fn disambiguate(select: &mut Select) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for item in &mut select.projection {
        let (expr, name) = match &*item {
            SelectItem::UnnamedExpr(expr) => (expr, output_name(expr)),
            SelectItem::ExprWithAlias { expr, alias } => (expr, alias.value.clone()),
            _ => continue,
        };
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: quoted(&format!("{name}{MARK}{count}")) };
        }
    }
}

fn output_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.last().map(|p| p.value.clone()).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// Renames the output columns of a plan to the names in the statement: `written`, by position.
pub(crate) fn restore_output_names(
    plan: Arc<dyn ExecutionPlan>,
    written: &[Option<String>],
) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = plan.schema();
    let name = |i: usize| {
        let own = schema.field(i).name();
        let own = own.split(MARK).next().unwrap_or(own);
        match written.get(i) {
            Some(Some(written)) if fold(written) == fold(own) => written.clone(),
            _ => own.to_owned(),
        }
    };
    let names: Vec<String> = (0..schema.fields().len()).map(name).collect();
    if schema.fields().iter().zip(&names).all(|(field, name)| field.name() == name) {
        return Ok(plan);
    }
    let column = |(i, name): (usize, String)| (Arc::new(Column::new(schema.field(i).name(), i)) as _, name);
    let columns: Vec<_> = names.into_iter().enumerate().map(column).collect();
    Ok(Arc::new(ProjectionExec::try_new(columns, plan)?))
}
