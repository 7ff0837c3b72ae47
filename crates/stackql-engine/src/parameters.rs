//! Parameter binding: which conditions of a statement are inputs of calls, and which are filters on rows.
//!
//! A condition that fixes a column to literals, or to values of other relations, *binds* the parameter of that name where
//! the method that reads the table takes it. Such a condition is about the request: it is put on the parameter column of
//! the scan ([`crate::table::columns`]), which echoes what was bound, and is not compared with the field of rows of the same name.
//! All other conditions stay filters.
//!
//! Binding is decided on the plan as SQL was planned, before any rule of the optimizer: a condition on the
//! null-supplying side of an outer join would otherwise make it an inner join, and inferred conditions would be about the
//! wrong column. [`push_down`] brings conditions down the plan to the scans, [`scan`] decides at a scan, and [`condition`]
//! reads conditions and rewrites them afterwards.

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

/// A plan of which each scan has the conditions that bind its parameters.
///
/// # Errors
///
/// DataFusion refuses a node that is built anew, which would be a fault of this module.
pub(crate) fn bind_parameters(plan: LogicalPlan, state: &SessionState) -> Result<LogicalPlan> {
    let mut context = SimplifyContext::builder().with_current_time();
    context = context.with_config_options(Arc::clone(state.config_options()));
    Ok(Binder { context: context.build() }.push_down(plan, &[])?.plan)
}

/// Binds the parameters of one statement's scans.
struct Binder {
    context: SimplifyContext,
}

impl Binder {
    /// An expression as the optimizer would have it, over `schema`; itself where that fails.
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

/// A plan, and what became of each of the conditions that were brought to it.
#[derive(Debug)]
struct PushedDown {
    plan: LogicalPlan,
    resolutions: Vec<Resolution>,
}

/// What became of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Resolution {
    /// It stays a filter on rows, where it stands.
    Filter,
    /// It stays a filter, on a scope: the wildcard in it stands for all members.
    OnScope,
    /// It binds a parameter, and stands over the scan now.
    Bound,
    /// It stays where it stands, and is what binds the parameter that its column is.
    Binds,
    /// The column that it is on is a field whose parameter is bound, by which the parameter column is in the plan's output
    /// under this name.
    Parameter { column: Column, by: BoundBy },
}

/// What binds the parameter of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BoundBy {
    /// The equation itself.
    Equation,
    /// One of several equations, of which this is one.
    Equations,
    /// Another condition.
    Other,
}

impl Resolution {
    /// The same, whose parameter columns are called otherwise.
    fn renamed(all: Vec<Self>, name: impl Fn(Column) -> Column) -> Vec<Self> {
        let renamed = |resolution| match resolution {
            Self::Parameter { column, by } => Self::Parameter { column: name(column), by },
            other => other,
        };
        all.into_iter().map(renamed).collect()
    }
}

impl PushedDown {
    /// A plan at which no condition arrives.
    fn untouched(plan: LogicalPlan, conditions: &[Condition]) -> Self {
        Self { plan, resolutions: vec![Resolution::Filter; conditions.len()] }
    }
}
