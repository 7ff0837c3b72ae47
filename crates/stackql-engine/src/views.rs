//! Views: queries with names, planned where a statement reads them. A condition on a view reaches the tables inside, also
//! on what those take as parameters and the view does not show.

use std::collections::BTreeSet;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::view::ViewTable;
use datafusion::common::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement as PlannerStatement;
use datafusion::sql::sqlparser::ast::{ObjectName, Query as Ast, Statement as SqlStatement, Visit, Visitor};
use stackql_sql::{Query, Statement, parse};

use crate::StoredKind;
use crate::context::Context;
use crate::error::Error;
use crate::{executed, resolve};

/// A view that a statement reads.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) table: Arc<ViewTable>,
    pub(crate) schema: SchemaRef,
    /// How many of its columns `*` shows.
    pub(crate) visible: usize,
}

/// Plans the views that `query` reads, and those that they read, into the statement's context.
pub(crate) fn plan<'a>(
    context: &'a Arc<Context>,
    state: &'a SessionState,
    query: &'a Ast,
    above: &'a [String],
) -> Pin<Box<dyn Future<Output = Result<(), DataFusionError>> + Send + 'a>> {
    Box::pin(async move {
        for name in names(query) {
            let Some(made) = context.made(&name) else { continue };
            if made.kind != StoredKind::View || context.view(&made.name).is_some() {
                continue;
            }
            let way: Vec<String> = above.iter().cloned().chain([made.name.clone()]).collect();
            if above.contains(&made.name) {
                return Err(Error::statement(format!("a view reads itself: {}", way.join(" -> "))).into());
            }
            let most = context.options.view_depth;
            if way.len() > most {
                let length = way.len();
                return Err(Error::Statement {
                    message: format!(
                        "please do not cite views at too deep a level: indirection chain length {length} > {most}"
                    ),
                    hint: Some(format!("--indirect.depth.max allows more; the views are {}", way.join(" -> "))),
                }
                .into());
            }
            let mut body = body(&made.name, &made.text)?;
            executed::plan(context, &mut body.ast, body.hints)?;
            executed::only_read(context)?;
            plan(context, state, &body.ast, &way).await?;
            let hidden = resolve::view(context, &mut body.ast, &|name| state.aggregate_functions().contains_key(name))?;
            stackql_functions::prepare(&mut body.ast);
            let statement = PlannerStatement::Statement(Box::new(SqlStatement::Query(body.ast)));
            let planned: LogicalPlan = state.statement_to_plan(statement).await?;
            let schema = Arc::clone(planned.schema().inner());
            let visible = schema.fields().len() - hidden;
            let table = Arc::new(ViewTable::new(planned, Some(made.text.clone())));
            context.keep_view(made.name.clone(), Arc::new(View { table, schema, visible }));
        }
        Ok(())
    })
}

/// The query of a view.
pub(crate) fn body(name: &str, text: &str) -> Result<Query, Error> {
    match parse(text) {
        Ok(Statement::Query(query)) => Ok(query),
        Ok(_) => Err(Error::statement(format!("the view {name} is no query; make it again"))),
        Err(error) => Err(Error::statement(format!("the view {name} cannot be read: {error}"))),
    }
}

/// The names of one word that a query reads.
fn names(query: &Ast) -> Vec<String> {
    struct Names(BTreeSet<String>);
    impl Visitor for Names {
        type Break = ();

        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            if let [one] = relation.0.as_slice()
                && let Some(ident) = one.as_ident()
            {
                self.0.insert(ident.value.clone());
            }
            ControlFlow::Continue(())
        }
    }
    let mut found = Names(BTreeSet::new());
    let _ = query.visit(&mut found);
    found.0.into_iter().collect()
}
