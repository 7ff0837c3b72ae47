//! Plans the views that a statement reads: local views and resource views. A predicate on a view is pushed down to the tables
//! inside, also on parameters of theirs that the view does not show.
//!
//! `references` finds the views that a query reads, `constrained_columns` the columns that choose between the views of one
//! resource, `defaults` the parameter values that a view supplies where the statement does not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::view::ViewTable;
use datafusion::common::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement as PlannerStatement;
use datafusion::sql::sqlparser::ast::{Query as Ast, Statement as SqlStatement};
use stackql_sql::{Query, Statement, parse};

use crate::Failure;
use crate::call::context::Context;
use crate::catalog::exec_table;
use crate::error::Error;
use crate::resolve::{bare_columns, names};
use crate::table::resource_table::ResourceTable;
use crate::views::defaults::ViewDefaults;
use crate::views::references::{ResourceView, ViewRef};
use crate::views::{defaults, labels, references};

/// A planned view.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) table: Arc<ViewTable>,
    pub(crate) schema: SchemaRef,
    /// The number of its columns that `*` includes; hidden columns follow.
    pub(crate) visible: usize,
    /// Provider, service and resource of a resource view.
    pub(crate) resource: Option<Vec<String>>,
    /// The SQL text of its query.
    pub(crate) text: String,
}

impl View {
    /// The name of the view in messages.
    pub(crate) fn label(&self, name: &str) -> String {
        self.resource.as_ref().map_or_else(|| name.to_owned(), |parts| parts.join("."))
    }
}

/// Plans the exec tables and views that `query` reads, recursively, and registers them in the statement's context. Their
/// names in the query are replaced by the registered ones. `above` is the expansion path: the views through which the query
/// is read.
pub(crate) fn plan<'a>(
    context: &'a Arc<Context>,
    state: &'a SessionState,
    query: &'a mut Query,
    above: &'a [String],
) -> Pin<Box<dyn Future<Output = Result<(), DataFusionError>> + Send + 'a>> {
    Box::pin(async move {
        exec_table::plan(context, &mut query.ast, query.hints)?;
        if !above.is_empty() {
            exec_table::reject_mutating(context)?;
        }
        if let Some(namespace) = &context.options.analytics {
            namespace.resolve_aliases(&mut query.ast);
        }
        for read in references::reads(context, &mut query.ast, above)? {
            if context.view(&read.name).is_some() {
                continue;
            }
            let way: Vec<String> = above.iter().cloned().chain([read.name.clone()]).collect();
            if above.contains(&read.name) {
                return Err(Error::invalid(format!("a view reads itself: {}", way.join(" -> "))).into());
            }
            let most = context.options.view_depth;
            if way.len() > most {
                let length = way.len();
                return Err(Error::InvalidStatement {
                    message: format!(
                        "please do not cite views at too deep a level: indirection chain length {length} > {most}"
                    ),
                    hint: Some(format!("--indirect.depth.max allows more; the views are {}", way.join(" -> "))),
                }
                .into());
            }
            let view = view(context, state, &read, &way).await?;
            context.register_view(read.name, Arc::new(view));
        }
        Ok(())
    })
}

/// The visible columns of the first view of a resource with their type labels, sorted by name; `None` where the resource has
/// no view.
pub(crate) async fn columns(
    context: &Arc<Context>,
    state: &SessionState,
    table: &ResourceTable,
) -> Result<Option<Vec<(String, String)>>, DataFusionError> {
    let Some(read) = references::first(table) else { return Ok(None) };
    let way = std::slice::from_ref(&read.name);
    let view = planned(context, state, &read, way).await?;
    let plan = view.table.logical_plan();
    let fields = view.schema.fields()[..view.visible].iter().enumerate();
    let mut columns: Vec<_> = fields.map(|(at, field)| (field.name().clone(), labels::label(plan, at))).collect();
    columns.sort();
    Ok(Some(columns))
}

/// Plans one view, with view defaults for a resource view.
async fn view(
    context: &Arc<Context>,
    state: &SessionState,
    read: &ViewRef,
    way: &[String],
) -> Result<View, DataFusionError> {
    let view = planned(context, state, read, way).await?;
    let (of, required) = match &read.resource {
        Some(ResourceView { parts, required }) => (parts.join("."), required.clone()),
        None if context.options.compat => (read.name.clone(), Vec::new()),
        None => return Ok(view),
    };
    let blank = ViewDefaults { of, required, values: Vec::new() };
    let plan = defaults::preset(view.table.logical_plan().clone(), &blank, view.visible)?;
    let table = Arc::new(ViewTable::new(plan, Some(view.text.clone())));
    let resource = read.resource.as_ref().map(|of| of.parts.clone());
    Ok(View { table, resource, ..view })
}

async fn planned(
    context: &Arc<Context>,
    state: &SessionState,
    read: &ViewRef,
    way: &[String],
) -> Result<View, DataFusionError> {
    let ViewRef { name, text, resource } = read;
    let (text, wrong) = (text.clone(), |error| wrong(resource.as_ref(), error));
    let (mut body, required) = match resource {
        Some(of) => (query(&text).map_err(|why| wrong(Error::invalid(why).into()))?, of.required.as_slice()),
        None => (body(name, &text)?, [].as_slice()),
    };
    plan(context, state, &mut body, way).await?;
    let is_aggregate = |name: &str| state.aggregate_functions().contains_key(name);
    let hidden = names::view(context, &mut body.ast, required, &is_aggregate).map_err(|e| wrong(e.into()))?;
    let planned = resolved(state, body.ast).await.map_err(wrong)?;
    let schema = Arc::clone(planned.schema().inner());
    let visible = schema.fields().len() - hidden;
    let table = Arc::new(ViewTable::new(planned, Some(text.clone())));
    Ok(View { table, schema, visible, resource: None, text })
}

/// The logical plan of a query whose names are resolved.
pub(crate) async fn resolved(state: &SessionState, mut query: Box<Ast>) -> Result<LogicalPlan, DataFusionError> {
    bare_columns::rewrite_bare_columns(&mut query, &|name| state.aggregate_functions().contains_key(name));
    stackql_functions::rewrite_query(&mut query);
    state.statement_to_plan(PlannerStatement::Statement(Box::new(SqlStatement::Query(query)))).await
}

/// Wraps an error in the view of a resource: the message names the resource, since the user did not write the view.
fn wrong(resource: Option<&ResourceView>, error: DataFusionError) -> DataFusionError {
    let Some(ResourceView { parts, .. }) = resource else { return error };
    let Failure { message, hints, .. } = Failure::from(error);
    let message = format!("the view of {} cannot be read: {message}", parts.join("."));
    Error::InvalidStatement { message, hint: hints.into_iter().next() }.into()
}

/// The query of a local view.
pub(crate) fn body(name: &str, text: &str) -> Result<Query, Error> {
    query(text).map_err(|why| Error::invalid(format!("the view {name} cannot be read: {why}; make it again")))
}

fn query(text: &str) -> Result<Query, String> {
    match parse(text) {
        Ok(Statement::Query(query)) => Ok(query),
        Ok(_) => Err("it is no query".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
