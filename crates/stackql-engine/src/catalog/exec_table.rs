//! Exec tables: `(EXEC …)` as a relation in FROM, a table whose rows are the response of a method.
//!
//! A method that only reads is called when the table is scanned. A method that changes something is called once, before the
//! statement reads anything, and its rows are materialized for the statement.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, collect};
use datafusion::sql::sqlparser::ast::{
    FunctionArg, FunctionArgExpr, FunctionArgOperator, ObjectName, Query, TableFactor, VisitMut, VisitorMut,
};
use futures::stream;
use stackql_call::Value;
use stackql_provider::Verb;
use stackql_sql::{Exec, Hints};

use crate::call::context::Context;
use crate::dml::literal::literal;
use crate::dml::plan;
use crate::dml::plan::MethodCall;
use crate::error::Error;
use crate::physical::call_exec::CallExec;
use crate::physical::node::{check_partition, properties};
use crate::resolve::names::quoted;

/// A table whose rows are the response of a method call.
#[derive(Debug, Clone)]
pub(crate) struct ExecTable {
    plan: Arc<CallExec>,
    verb: Verb,
    /// The materialized rows of a method that changes something, once it was called.
    rows: Arc<OnceLock<Vec<RecordBatch>>>,
}

impl ExecTable {
    /// The schema, and the number of leading columns that `*` expands to.
    pub(crate) fn columns(&self) -> (SchemaRef, usize) {
        (self.plan.schema(), self.plan.call_spec().projection.schema().fields().len())
    }

    /// The verb of the method, if it changes something.
    pub(crate) fn change(&self) -> Option<Verb> {
        (self.verb != Verb::Select).then_some(self.verb)
    }

    /// The qualified name of the method.
    pub(crate) fn method(&self) -> String {
        let operation = &self.plan.call_spec().operation;
        format!("{}.{}", operation.qualified_name(), operation.method().name)
    }
}

/// Calls those methods of the statement's exec tables that change something, and materializes their rows.
pub(crate) async fn call(context: &Context, task: Arc<TaskContext>) -> Result<()> {
    for (_, executed) in context.exec_tables() {
        if executed.change().is_some() && executed.rows.get().is_none() {
            let rows = collect(Arc::clone(&executed.plan) as _, Arc::clone(&task)).await?;
            // Only one task executes the statement, so the cell is empty.
            let _ = executed.rows.set(rows);
        }
    }
    Ok(())
}

/// Plans the exec tables of `query`: registers each in the statement context and replaces it in the syntax tree by its
/// registered name.
pub(crate) fn plan(context: &Arc<Context>, query: &mut Query, hints: Hints) -> Result<()> {
    match VisitMut::visit(query, &mut ExecRelationVisitor { context, hints }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Rejects exec tables whose method changes something. A view must not have any, because it is executed each time it is read.
pub(crate) fn reject_mutating(context: &Context) -> Result<(), Error> {
    for (_, executed) in context.exec_tables() {
        if let Some(verb) = executed.change() {
            let (method, verb) = (executed.method(), verb.keyword());
            return Err(Error::invalid(format!("a view is read again and again, and {method} answers {verb}")));
        }
    }
    Ok(())
}

struct ExecRelationVisitor<'a> {
    context: &'a Arc<Context>,
    hints: Hints,
}

impl VisitorMut for ExecRelationVisitor<'_> {
    type Break = DataFusionError;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<DataFusionError> {
        let TableFactor::Table { name, args, .. } = factor else { return ControlFlow::Continue(()) };
        let Some(method) = args.as_ref().and_then(|_| method_of(name)) else { return ControlFlow::Continue(()) };
        let method = self.context.settings.qualify(method, 4);
        let given = args.take().map(|given| given.args).unwrap_or_default();
        match self.executed(method, &given) {
            Ok(named) => *name = ObjectName::from(vec![quoted(&named)]),
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }
}

impl ExecRelationVisitor<'_> {
    fn executed(&self, method: Vec<String>, given: &[FunctionArg]) -> Result<String> {
        let mut arguments = Vec::new();
        let mut json = None;
        for argument in given {
            let unfit = || Error::invalid(format!("a method takes name => literal, not: {argument}"));
            let FunctionArg::Named {
                name,
                arg: FunctionArgExpr::Expr(value),
                operator: FunctionArgOperator::RightArrow,
            } = argument
            else {
                return Err(unfit().into());
            };
            match (name.value.as_str(), literal(value).ok_or_else(unfit)?) {
                (Exec::JSON, Value::Text(text)) => json = Some(text),
                (name, value) => arguments.push((name.to_owned(), value)),
            }
        }
        let method = stackql_sql::ObjectName(method);
        let calling = MethodCall { method: &method, arguments, json: json.as_deref(), hints: self.hints };
        let (plan, verb) = plan::plan_method_call(self.context, calling, |_| true)?;
        Ok(self.context.register_exec_table(format!("EXEC {method}"), ExecTable { plan, verb, rows: Arc::default() }))
    }
}

/// The parts of a method name, three or four; names of table functions have fewer.
fn method_of(name: &ObjectName) -> Option<Vec<String>> {
    let parts = name.0.iter().map(|part| part.as_ident().map(|ident| ident.value.clone()));
    parts.collect::<Option<Vec<_>>>().filter(|parts| matches!(parts.len(), 3 | 4))
}

#[async_trait]
impl TableProvider for ExecTable {
    fn schema(&self) -> SchemaRef {
        self.plan.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let rows: Arc<dyn ExecutionPlan> = match self.change() {
            None => Arc::new(self.plan.with_clauses(Vec::new(), limit)),
            Some(_) => Arc::new(MaterializedCallExec::new(self.clone())),
        };
        let Some(projection) = projection else { return Ok(rows) };
        let columns = projection.iter().map(|&at| {
            let name = schema.field(at).name();
            (Arc::new(Column::new(name, at)) as _, name.clone())
        });
        Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), rows)?))
    }
}

/// Returns the materialized rows of a call. The call is its child for display only; it is not executed.
#[derive(Debug)]
struct MaterializedCallExec {
    executed: ExecTable,
    call: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl MaterializedCallExec {
    fn new(executed: ExecTable) -> Self {
        let (call, properties) = (Arc::clone(&executed.plan) as _, properties(executed.schema()));
        Self { executed, call, properties }
    }
}

impl DisplayAs for MaterializedCallExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaterializedCallExec: called once, before anything is read")
    }
}

impl ExecutionPlan for MaterializedCallExec {
    fn name(&self) -> &'static str {
        "MaterializedCallExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.call]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(call), true) => Ok(Arc::new(Self { call, ..Self::new(self.executed.clone()) })),
            _ => Err(DataFusionError::Internal("MaterializedCallExec has one child".into())),
        }
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        check_partition(self, partition)?;
        let Some(rows) = self.executed.rows.get().cloned() else {
            let (method, change) = (self.executed.method(), self.executed.verb.keyword());
            let text = format!(
                "{method} answers {change}, so only a SELECT, and an INSERT outside of transactions, may read what it gives"
            );
            return Err(Error::invalid(text).into());
        };
        let rows = stream::iter(rows.into_iter().map(Ok));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
