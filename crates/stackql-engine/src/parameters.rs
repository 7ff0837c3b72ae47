//! Parameter binding: decides which conditions of a statement are parameters of calls and which remain filters on rows.
//!
//! A condition that fixes a column to literals, or to values of other relations, *binds* the parameter of that name where
//! the method that reads the table accepts it. Such a condition is about the request: it is moved to the parameter column of
//! the scan ([`crate::table::columns`]), which echoes the bound value, and is not compared with the field of the same name.
//! All other conditions remain filters.
//!
//! Binding runs on the logical plan as planned from SQL, before any rule of the optimizer. Otherwise a condition on the
//! null-supplying side of an outer join would have turned it into an inner join, and inferred conditions would be on the
//! wrong column. [`push_down`] pushes conditions down the plan to the scans, [`scan`] decides at a scan, and [`condition`]
//! recognizes conditions and rewrites them afterwards.

mod condition;
mod expose;
mod join;
mod push_down;
mod scan;

use std::sync::Arc;

use datafusion::common::{Column, DFSchemaRef, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;

use condition::Condition;

/// Binds parameters: returns the plan in which the conditions that bind a scan's parameters are directly above the scan.
///
/// # Errors
///
/// DataFusion rejects a node that was rebuilt, which would be a bug of this module.
pub(crate) fn bind_parameters(plan: LogicalPlan, state: &SessionState) -> Result<LogicalPlan> {
    let mut context = SimplifyContext::builder().with_current_time();
    context = context.with_config_options(Arc::clone(state.config_options()));
    Ok(Binder { context: context.build() }.push_down(plan, &[])?.plan)
}

/// Binds the parameters of the scans of one statement.
struct Binder {
    context: SimplifyContext,
}

impl Binder {
    /// An expression over `schema` after type coercion and simplification; the expression itself where these fail.
    fn simplified(&self, expr: &Expr, schema: &DFSchemaRef) -> Expr {
        let context = SimplifyContext::builder()
            .with_schema(Arc::clone(schema))
            .with_config_options(Arc::clone(self.context.config_options()))
            .with_query_execution_start_time(self.context.query_execution_start_time());
        let simplifier = ExprSimplifier::new(context.build());
        let simplified = simplifier.coerce(expr.clone(), schema).and_then(|expr| simplifier.simplify(expr));
        simplified.unwrap_or_else(|_| expr.clone())
    }
}

/// A plan, and the resolution of each condition that was pushed down into it.
#[derive(Debug)]
struct PushedDown {
    plan: LogicalPlan,
    resolutions: Vec<Resolution>,
}

/// How a condition was resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Resolution {
    /// It remains a filter on rows in its place.
    Filter,
    /// It remains a filter on a scope; a scope wildcard in it stands for all members.
    OnScope,
    /// It binds a parameter, and is now directly above the scan.
    Bound,
    /// It remains in its place and binds the parameter, since its column is a parameter column.
    Binds,
    /// Its column is a field whose parameter is bound. The parameter column is in the plan's output under the name `column`;
    /// `by` is what binds the parameter.
    Parameter { column: Column, by: BoundBy },
}

/// What binds the parameter that accompanies a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BoundBy {
    /// The equation itself, as the only one.
    Equation,
    /// This equation and others on the same column.
    Equations,
    /// Another condition.
    Other,
}

impl Resolution {
    /// The same resolutions with their parameter columns renamed.
    fn renamed(all: Vec<Self>, name: impl Fn(Column) -> Column) -> Vec<Self> {
        let renamed = |resolution| match resolution {
            Self::Parameter { column, by } => Self::Parameter { column: name(column), by },
            other => other,
        };
        all.into_iter().map(renamed).collect()
    }
}

impl PushedDown {
    /// The result for a plan into which no condition is pushed down.
    fn untouched(plan: LogicalPlan, conditions: &[Condition]) -> Self {
        Self { plan, resolutions: vec![Resolution::Filter; conditions.len()] }
    }
}
