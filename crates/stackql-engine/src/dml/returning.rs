//! RETURNING: a projection over the responses of the calls that a statement makes.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session as DfSession, TableProvider};
use datafusion::common::{DFSchema, Result};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, TableType, col};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, ExprWithAlias, Ident, SelectItem, VisitMut, VisitorMut};
use stackql_provider::names::{NameMatch, did_you_mean, match_name, nearest};

use crate::error::Error;
use crate::physical::call_exec::CallExec;
use crate::resolve::duplicate_names::restore_output_names;
use crate::resolve::names::quoted;
use crate::resolve::output_names::{as_written, columns_as_written};

/// Plans the RETURNING items over the responses of calls. `*` is the columns of the response; bound parameters can be named,
/// too.
pub(crate) async fn returning(
    state: &SessionState,
    answers: Arc<CallExec>,
    items: &[SelectItem],
) -> Result<Arc<dyn ExecutionPlan>> {
    let given_back = answers.call_spec().projection.schema().fields().len();
    project_rows(state, answers, given_back, items).await
}

/// As [`returning`], over rows of which the first `given_back` columns are those of the response.
pub(crate) async fn project_rows(
    state: &SessionState,
    answers: Arc<dyn ExecutionPlan>,
    given_back: usize,
    items: &[SelectItem],
) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = answers.schema();
    let table = Arc::new(ReturningColumns(answers));
    let frame = DFSchema::try_from(Arc::clone(&schema))?;
    let mut expressions: Vec<Expr> = Vec::new();
    for item in items {
        let (expr, alias): (&SqlExpr, Option<Ident>) = match item {
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => {
                expressions.extend(schema.fields().iter().take(given_back).map(|f| column(f.name())));
                continue;
            }
            SelectItem::UnnamedExpr(expr) => (expr, as_written(expr)),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.clone())),
            other => return Err(Error::invalid(format!("RETURNING cannot give back: {other}")).into()),
        };
        let mut expr = expr.clone();
        if let std::ops::ControlFlow::Break(error) = VisitMut::visit(&mut expr, &mut Spelling(&schema)) {
            return Err(error.into());
        }
        expressions.push(state.create_logical_expr_from_sql_expr(ExprWithAlias { expr, alias }, &frame)?);
    }
    let plan = LogicalPlanBuilder::scan_with_filters("returning", provider_as_source(table), None, vec![])?
        .project(expressions)?
        .build()?;
    restore_output_names(state.create_physical_plan(&plan).await?, &columns_as_written(items))
}

fn column(name: &str) -> Expr {
    col(datafusion::common::Column::from_name(name))
}

/// Rewrites column names to their spelling in the responses.
struct Spelling<'a>(&'a SchemaRef);

impl VisitorMut for Spelling<'_> {
    type Break = Error;

    fn pre_visit_expr(&mut self, expr: &mut SqlExpr) -> std::ops::ControlFlow<Error> {
        if let SqlExpr::Identifier(ident) = expr {
            let names = self.0.fields().iter().map(|f| (f.name().as_str(), f.name().as_str()));
            match match_name(&ident.value, names.clone()) {
                NameMatch::One(name) => *ident = quoted(name),
                _ => {
                    let meant = did_you_mean(nearest(&ident.value, names.map(|(n, _)| n)));
                    let message = format!("no such column: {} in what the operation gives back{meant}", ident.value);
                    return std::ops::ControlFlow::Break(Error::invalid(message));
                }
            }
        }
        std::ops::ControlFlow::Continue(())
    }
}

/// The responses of calls as a table.
#[derive(Debug)]
struct ReturningColumns(Arc<dyn ExecutionPlan>);

#[async_trait]
impl TableProvider for ReturningColumns {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        _: &dyn DfSession,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(projection) = projection else { return Ok(Arc::clone(&self.0)) };
        let schema = self.schema();
        let pick = |&i: &usize| {
            let name = schema.field(i).name();
            (Arc::new(Column::new(name, i)) as _, name.clone())
        };
        let columns: Vec<_> = projection.iter().map(pick).collect();
        Ok(Arc::new(ProjectionExec::try_new(columns, Arc::clone(&self.0))?))
    }
}
