//! [`StatementPlanner`]: plans one statement, from syntax tree to physical plan, and turns the plan into a statement output.
//! It owns the configuration of DataFusion and the order of the planning stages.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, collect, execute_stream};
use datafusion::prelude::SessionConfig;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, SelectItem, Value};
use futures::{StreamExt, stream};
use stackql_call::Bindings;
use stackql_provider::Verb;
use stackql_sql::{Insert, JoinHint, Query, Replace, Statement, Update};
use tokio::sync::Semaphore;

use super::Session;
use crate::access::field_order::with_field_order;
use crate::bind_join::build_side::BUILD_SIDE_RULE;
use crate::bind_join::planner::BindJoinQueryPlanner;
use crate::bind_join::rewrite::rewrite_bind_joins;
use crate::call::context::{Context, StatementState};
use crate::call::lro::WaitFor;
use crate::call::tally::Tally;
use crate::catalog::list::{CatalogList, LOCAL, MAIN};
use crate::catalog::local_table;
use crate::config::settings::SessionSettings;
use crate::dml::literal::{Assignment, ColumnRole, condition, literal, literals};
use crate::dml::searched_change::SearchedChange;
use crate::dml::{plan, searched_change};
use crate::error::Error;
use crate::optimizer::clause_pushdown::CLAUSE_PUSHDOWN_RULE;
use crate::optimizer::row_order::in_order;
use crate::optimizer::subqueries::{SubqueryPredicateRule, unplanned};
use crate::parameters::bind_parameters;
use crate::physical::append::SINGLE_PARTITION_RULE;
use crate::physical::binding_rows::leaf;
use crate::physical::call_exec::CallExec;
use crate::physical::demand::DEMAND_RULE;
use crate::physical::filter_batches::FILTER_BATCHES_RULE;
use crate::physical::spillable_join::SPILLABLE_JOIN_RULE;
use crate::resolve::{constants, duplicate_names, names};
use crate::table::resource_table::ResourceTable;
use crate::views::{plan as view_plan, references};
use crate::{Failure, StatementOutput};

/// The planner of one statement, with the statement's context and DataFusion session state.
pub(crate) struct StatementPlanner {
    pub(crate) context: Arc<Context>,
    join_by: Option<JoinHint>,
    pub(crate) state: SessionState,
}

impl Session {
    /// The runtime environment, whose memory pool all statements of the session share.
    fn memory(&self) -> Result<Arc<RuntimeEnv>, DataFusionError> {
        if let Some(known) = self.memory.get() {
            return Ok(Arc::clone(known));
        }
        let mut builder = RuntimeEnvBuilder::new();
        if let Some(limit) = self.options.memory_limit {
            // The error of an exhausted pool then names the largest consumers.
            let named = NonZeroUsize::MIN.saturating_add(2);
            builder = builder.with_memory_pool(Arc::new(TrackConsumersPool::new(FairSpillPool::new(limit), named)));
        }
        let made = builder.build_arc()?;
        Ok(Arc::clone(self.memory.get_or_init(|| made)))
    }

    pub(crate) async fn planner(&self, join_by: Option<JoinHint>) -> Result<StatementPlanner, DataFusionError> {
        let settings = self.settings().clone();
        let tolerant = self.options.compat && !settings.fail_fast;
        self.planner_of(join_by, settings, tolerant).await
    }

    /// The planner of a change. It never tolerates errors of reads, not even in compatibility mode: a change must not treat
    /// rows that cannot be read as missing.
    pub(crate) async fn planner_with(
        &self,
        join_by: Option<JoinHint>,
        settings: SessionSettings,
    ) -> Result<StatementPlanner, DataFusionError> {
        self.planner_of(join_by, settings, false).await
    }

    async fn planner_of(
        &self,
        join_by: Option<JoinHint>,
        settings: SessionSettings,
        tolerant: bool,
    ) -> Result<StatementPlanner, DataFusionError> {
        let made = local_table::all(self.store.as_ref()).await?;
        let context = Arc::new(Context {
            definitions: Arc::clone(&self.definitions),
            transport: Arc::clone(&self.transport),
            log: Arc::clone(&self.log),
            progress: Arc::clone(&self.progress),
            options: self.options.clone(),
            settings,
            tolerant,
            permits: Semaphore::new(self.options.concurrency.max(1)),
            store: self.store.clone(),
            objects: made,
            course: StatementState::default(),
        });
        // With one partition, rows keep the order of the pages, and no page is requested before it is needed.
        let mut config = SessionConfig::new()
            .with_target_partitions(1)
            .with_default_catalog_and_schema(LOCAL, MAIN)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(false);
        config.options_mut().sql_parser.enable_ident_normalization = false;
        config.options_mut().sql_parser.map_string_types_to_utf8view = false;
        config.options_mut().execution.time_zone = Some("+00:00".to_owned());
        // The parameters of a scan are fixed before it starts. The value of a scalar subquery may be one of them.
        config.options_mut().optimizer.enable_dynamic_filter_pushdown = false;
        config.options_mut().optimizer.enable_physical_uncorrelated_scalar_subquery = false;
        if let Some(limit) = self.options.memory_limit {
            // Several sorts must be able to reserve memory for their merge phase at the same time.
            let reserved = &mut config.options_mut().execution.sort_spill_reservation_bytes;
            *reserved = (*reserved).min(limit / 16);
        }
        // These rules run first, so that all other rules see the replaced unions and the final build sides of joins.
        let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> =
            vec![Arc::new(SINGLE_PARTITION_RULE), Arc::new(BUILD_SIDE_RULE)];
        rules.extend(PhysicalOptimizer::new().rules);
        let mut state =
            stackql_functions::register(SessionStateBuilder::new().with_config(config).with_default_features())
                .with_runtime_env(self.memory()?)
                .with_catalog_list(Arc::new(CatalogList(Arc::clone(&context))))
                .with_query_planner(Arc::new(BindJoinQueryPlanner { context: Arc::clone(&context), join_by }))
                .with_analyzer_rule(Arc::new(SubqueryPredicateRule))
                .with_physical_optimizer_rules(rules)
                .with_physical_optimizer_rule(Arc::new(CLAUSE_PUSHDOWN_RULE))
                .with_physical_optimizer_rule(Arc::new(DEMAND_RULE))
                .with_physical_optimizer_rule(Arc::new(FILTER_BATCHES_RULE))
                .with_physical_optimizer_rule(Arc::new(SPILLABLE_JOIN_RULE))
                .build();
        state.mark_start_execution();
        Ok(StatementPlanner { context, state, join_by })
    }
}

impl StatementPlanner {
    pub(crate) fn task(&self) -> Arc<TaskContext> {
        self.state.task_ctx()
    }

    /// The logical plan of a query that is expanded inside of the views `above`, and the output names of its columns as they
    /// are written.
    pub(crate) async fn logical(
        &self,
        mut query: Query,
        above: &[String],
    ) -> Result<(LogicalPlan, Vec<Option<String>>), DataFusionError> {
        view_plan::plan(&self.context, &self.state, &mut query, above).await?;
        let written = names::resolve(&self.context, &mut query.ast)?;
        Ok((view_plan::resolved(&self.state, query.ast).await?, written))
    }

    pub(crate) async fn query(&self, query: Query) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        self.query_through(query, &[]).await
    }

    /// The physical plan of a query that is expanded inside of the views `above`.
    async fn query_through(&self, query: Query, above: &[String]) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let (plan, written) = self.logical(query, above).await?;
        duplicate_names::restore_output_names(self.physical(plan).await?, &written)
    }

    async fn physical(&self, plan: LogicalPlan) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let bound = bind_parameters(with_field_order(plan)?, &self.state)?;
        let plan = self.state.optimize(&in_order(bound)?)?;
        if let Some(error) = unplanned(&plan) {
            return Err(error.into());
        }
        let plan = rewrite_bind_joins(plan, self.join_by)?;
        self.state.query_planner().create_physical_plan(&plan, &self.state).await
    }

    /// Plans a statement that changes something. Returns the plan, its verb, and the select list of RETURNING.
    pub(crate) async fn change(
        &self,
        statement: Statement,
    ) -> Result<(Arc<CallExec>, Verb, Option<Vec<SelectItem>>), DataFusionError> {
        let context = &self.context;
        context.course.is_change.store(true, Ordering::Relaxed);
        match statement {
            Statement::Insert(insert) => self.inserted(insert, Verb::Insert).await,
            Statement::Replace(Replace::Rows(insert)) => self.inserted(insert, Verb::Replace).await,
            Statement::Update(update) => self.updated(update, Verb::Update).await,
            Statement::Replace(Replace::Set(update)) => self.updated(update, Verb::Replace).await,
            Statement::Delete(delete) if delete.hints.await_completion && delete.returning.is_some() => {
                Err(Error::invalid("returning from asynchronous delete is disallowed").into())
            }
            Statement::Delete(mut delete) => {
                let table = plan::target_table(context, &delete.table, Verb::Delete)?;
                self.evaluated_sides(delete.selection.as_mut()).await?;
                let until = WaitFor::from_hints(delete.hints, Verb::Delete, false);
                let selection = delete.selection.as_ref();
                Ok((self.changed(&table, Verb::Delete, selection, &[], until).await?, Verb::Delete, delete.returning))
            }
            Statement::Exec(exec) => {
                let (plan, verb, is_shown) = plan::exec(context, &exec)?;
                let items = is_shown.then(|| vec![SelectItem::Wildcard(Default::default())]);
                Ok((plan, verb, items))
            }
            _ => Err(Error::invalid("not a statement that changes something").into()),
        }
    }

    async fn inserted(
        &self,
        insert: Insert,
        verb: Verb,
    ) -> Result<(Arc<CallExec>, Verb, Option<Vec<SelectItem>>), DataFusionError> {
        let Insert { table, columns, source, returning, hints } = insert;
        let table = plan::target_table(&self.context, &table, verb)?;
        let columns: Vec<_> = columns.iter().map(|column| (column.as_str(), ColumnRole::Assigned)).collect();
        let (method, parameters) = plan::method(&table, verb, &columns)?;
        let input = match source {
            None => leaf(&[Bindings::new()])?,
            Some(source) => match literals(&source.ast) {
                Some(rows) => leaf(&plan::bindings_by_position(&parameters, rows)?)?,
                None => plan::renamed(self.query(source).await?, &parameters)?,
            },
        };
        let until = WaitFor::from_hints(hints, verb, returning.is_some());
        let calls = plan::call_node(&self.context, &table, method, input, until)?.numbering_rows();
        Ok((Arc::new(calls), verb, returning))
    }

    async fn updated(
        &self,
        update: Update,
        verb: Verb,
    ) -> Result<(Arc<CallExec>, Verb, Option<Vec<SelectItem>>), DataFusionError> {
        let Update { table, mut assignments, mut selection, returning, hints } = update;
        let table = plan::target_table(&self.context, &table, verb)?;
        for (_, value) in &mut assignments {
            self.evaluated(value).await?;
        }
        self.evaluated_sides(selection.as_mut()).await?;
        let until = WaitFor::from_hints(hints, verb, returning.is_some());
        Ok((self.changed(&table, verb, selection.as_ref(), &assignments, until).await?, verb, returning))
    }

    /// Replaces a constant expression by its value.
    async fn evaluated(&self, expr: &mut Expr) -> Result<(), DataFusionError> {
        if literal(expr).is_some() || !constants::is_constant(expr) {
            return Ok(());
        }
        let query = constants::query(expr)?;
        let plan = self.query(query).await?;
        let batches = collect(plan, self.task()).await?;
        if let Some(value) = constants::value(&batches)? {
            *expr = value;
        }
        Ok(())
    }

    /// Replaces the constant expressions in a condition by their values: those that are sides of equations or items of IN
    /// lists, in conditions that are connected by AND.
    async fn evaluated_sides(&self, condition: Option<&mut Expr>) -> Result<(), DataFusionError> {
        let mut left: Vec<&mut Expr> = condition.into_iter().collect();
        while let Some(expr) = left.pop() {
            match expr {
                Expr::Nested(inner) => left.push(inner),
                Expr::BinaryOp { left: a, op: BinaryOperator::And, right: b } => left.extend([a.as_mut(), b.as_mut()]),
                Expr::BinaryOp { left: a, op: BinaryOperator::Eq, right: b } => {
                    self.evaluated(a).await?;
                    self.evaluated(b).await?;
                }
                Expr::InList { list, .. } => {
                    for item in list {
                        self.evaluated(item).await?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Plans the calls of an UPDATE or DELETE: directly from the literals of the statement if they bind the method's
    /// parameters, else as a searched change, with one call for each row that the condition matches.
    async fn changed(
        &self,
        table: &ResourceTable,
        verb: Verb,
        selection: Option<&Expr>,
        set: &[(String, Expr)],
        until: WaitFor,
    ) -> Result<Arc<CallExec>, DataFusionError> {
        let assigned = |set: &[(String, Expr)]| {
            named_by_literals(verb, selection, set)
                .and_then(|all| plan::plan_assignments(&self.context, table, verb, &all, until))
        };
        let named = assigned(set);
        let (Err(_), Some(selection)) = (&named, selection) else { return Ok(named?) };
        // If the condition alone identifies the objects, the assigned values may be expressions over their columns, which
        // requires a searched change. Nulls in place of the values test whether it does.
        let null = |(column, _): &(String, Expr)| (column.clone(), Expr::value(Value::Null));
        let is_named = || assigned(&set.iter().map(null).collect::<Vec<_>>()).is_ok();
        if !searched_change::references_row_columns(table, selection) && !is_named() {
            return Ok(named?);
        }
        let Some(SearchedChange { method, query, parameters }) =
            searched_change::searched_change(table, verb, selection, set)?
        else {
            return Ok(named?);
        };
        // A change applies to rows of methods, so the views of the resource are not expanded.
        let above = references::all_of(table);
        let input = plan::renamed(self.query_through(query, &above).await?, &parameters)?;
        Ok(plan::call_node(&self.context, table, method, input, until)?)
    }

    /// The output of a plan that waits for long-running operations. It is returned when all of them are complete, with all rows
    /// and the final message.
    pub(super) async fn wait_and_report(
        self,
        plan: Arc<dyn ExecutionPlan>,
        tally: &Tally,
    ) -> Result<StatementOutput, Failure> {
        let schema = plan.schema();
        let batches = collect(plan, self.task()).await?;
        let rows = RecordBatchStreamAdapter::new(schema, stream::iter(batches.into_iter().map(Ok)));
        let context = self.context;
        let message = Some(context.course.lro_log.message(&context.outcome(), tally));
        Ok(StatementOutput { rows: Some(Box::pin(rows)), message, completeness: Arc::new(move || context.outcome()) })
    }

    /// The output of a plan whose rows are streamed. An error ends the stream and is recorded in the log.
    pub(crate) fn stream(self, plan: Arc<dyn ExecutionPlan>) -> Result<StatementOutput, Failure> {
        let inner = execute_stream(plan, self.task())?;
        let schema = inner.schema();
        let (log, context) = (Arc::clone(&self.context.log), Arc::clone(&self.context));
        let rows = inner.map(move |batch| batch.inspect_err(|e| log.fail(Failure::from(e))));
        let rows: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
        Ok(StatementOutput { rows: Some(rows), message: None, completeness: Arc::new(move || context.outcome()) })
    }
}

/// The columns that an UPDATE or DELETE assigns or matches by literals.
///
/// # Errors
///
/// The condition or an assigned value is not made of literals.
fn named_by_literals(verb: Verb, selection: Option<&Expr>, set: &[(String, Expr)]) -> Result<Vec<Assignment>, Error> {
    let mut all = match selection {
        Some(selection) => condition(selection, verb.keyword())?,
        None => Vec::new(),
    };
    for (column, expr) in set {
        let unfit = || Error::InvalidStatement {
            message: format!("{} cannot set {column} to: {expr}", verb.keyword()),
            hint: Some("values are constants, or made of columns of the rows that WHERE finds".to_owned()),
        };
        let values = vec![literal(expr).ok_or_else(unfit)?];
        all.push(Assignment { column: column.clone(), named: ColumnRole::Assigned, values });
    }
    Ok(all)
}
