//! A session: definitions, a transport and settings, over which statements run. The one match over statements.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, collect, execute_stream};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as PlannerStatement;
use datafusion::sql::sqlparser::ast::{Expr, SelectItem, Statement as SqlStatement};
use futures::{StreamExt, TryStreamExt, stream};
use stackql_call::{AnswerError, FaultKind, Transport};
use stackql_provider::{Definitions, Registry, Verb};
use stackql_sql::{JoinBy, Prepared, Query, Show, ShowKind, Statement, parse};

use crate::awaiting::Until;
use crate::catalog::{Catalogs, LOCAL, SYSTEM};
use crate::clauses::ClausesAbove;
use crate::context::Context;
use crate::demand::Demands;
use crate::error::Error;
use crate::explain::{analyze, explain};
use crate::feed::{FeedPlanner, feed};
use crate::fetch::FetchExec;
use crate::literal::{Assignment, condition, literal};
use crate::log::Log;
use crate::returning::returning;
use crate::settings::Settings;
use crate::spilling::JoinsSpill;
use crate::{Answer, Failure, FailureKind, Outcome, Progress, registry, resolve, show, write};

/// Settings of a session.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// How many calls of a statement may be in flight at once.
    pub concurrency: usize,
    /// The most pages one scan reads; `None` is no cap.
    pub page_limit: Option<usize>,
    /// Refuse statements that change something.
    pub read_only: bool,
    /// How many bytes statements may hold for sorting, grouping and joining. What does not fit goes to disk, where the
    /// operator can; else the statement fails. `None` is no limit.
    pub memory_limit: Option<usize>,
    /// How old an answer may be that is given instead of asking again; zero is never.
    pub cache_ttl: Duration,
    /// How long the first wait for work that goes on is; later ones grow to ten times as long.
    pub await_pause: Duration,
    /// How long a statement waits for such work in all.
    pub await_limit: Duration,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            concurrency: 32,
            page_limit: None,
            read_only: false,
            memory_limit: None,
            cache_ttl: Duration::ZERO,
            await_pause: Duration::from_secs(1),
            await_limit: Duration::from_secs(60 * 60),
        }
    }
}

/// Runs statements. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Session {
    definitions: Arc<dyn Definitions>,
    transport: Arc<dyn Transport>,
    registry: Option<Arc<dyn Registry>>,
    options: SessionOptions,
    progress: Arc<Progress>,
    log: Arc<Log>,
    settings: Arc<Mutex<Settings>>,
    prepared: Arc<Mutex<HashMap<String, Prepared>>>,
    memory: Arc<OnceLock<Arc<RuntimeEnv>>>,
}

/// What the plan of one statement needs.
struct Planner {
    context: Arc<Context>,
    join_by: Option<JoinBy>,
    state: SessionState,
}

impl Session {
    /// A session over these definitions, whose calls go through this transport.
    pub fn new(definitions: Arc<dyn Definitions>, transport: Arc<dyn Transport>, options: SessionOptions) -> Self {
        Self {
            definitions,
            transport,
            registry: None,
            options,
            progress: Arc::default(),
            log: Arc::default(),
            settings: Arc::default(),
            prepared: Arc::default(),
            memory: Arc::default(),
        }
    }

    /// The session with a registry, which the REGISTRY statements ask.
    pub fn with_registry(self, registry: Arc<dyn Registry>) -> Self {
        Self { registry: Some(registry), ..self }
    }

    /// The definitions, for completion of names.
    pub fn definitions(&self) -> &Arc<dyn Definitions> {
        &self.definitions
    }

    /// How far the running statement is.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Runs one statement (without its semicolon). Returns once the plan stands and the rows can be read; dropping
    /// the answer, or the future, cancels what is in flight. `stackql_sql::split` cuts a script into statements.
    pub async fn run(&self, statement: &str) -> Result<Answer, Failure> {
        self.progress.reset();
        let timeout = self.settings().timeout;
        let outcome = match (parse(statement), timeout) {
            (Ok(statement), None) => self.dispatch(statement).await,
            (Ok(statement), Some(limit)) => self.within(limit, statement).await,
            (Err(error), _) => {
                let hints = vec![error.marked(statement)];
                Err(Failure { hints, ..Failure::new(FailureKind::User, error.to_string()) })
            }
        };
        outcome.inspect_err(|failure| self.log.fail(failure.clone()))
    }

    /// Runs a statement, rows and all, for no longer than `limit`.
    async fn within(&self, limit: Duration, statement: Statement) -> Result<Answer, Failure> {
        let mut alarm = Box::pin(tokio::time::sleep(limit));
        tokio::select! {
            answer = self.dispatch(statement) => answer.map(|answer| answer.until(alarm, limit)),
            () = &mut alarm => Err(Error::TookTooLong(limit).into()),
        }
    }

    async fn dispatch(&self, statement: Statement) -> Result<Answer, Failure> {
        match statement {
            Statement::Show(Show { kind: ShowKind::Setting(name), .. }) if !name.contains(' ') => {
                let value = self.settings().get(self.definitions.as_ref(), &name)?;
                let column = Arc::new(StringArray::from(vec![value])) as ArrayRef;
                Ok(rows(RecordBatch::try_from_iter([(name, column)]).map_err(DataFusionError::from)?))
            }
            Statement::Show(statement) => Ok(rows(show::show(self.definitions.as_ref(), &statement)?)),
            Statement::Describe { table, extended } => {
                let (columns, note) = show::describe(self.definitions.as_ref(), &table, extended)?;
                Ok(Answer { message: note, ..rows(columns) })
            }
            Statement::DescribeMethod { method, extended } => {
                Ok(rows(show::describe_method(self.definitions.as_ref(), &method, extended)?))
            }
            Statement::Use(provider) => {
                self.definitions.provider(&provider).map_err(Error::from)?;
                Ok(message("OK"))
            }
            Statement::Sleep(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Ok(message(&format!("Success: slept for {milliseconds} milliseconds")))
            }
            Statement::RegistryList { provider } => {
                Ok(rows(registry::list(self.registry()?, provider.as_deref()).await?))
            }
            Statement::RegistryPull { .. } if self.options.read_only => {
                Err(Error::statement("REGISTRY PULL is refused: the session is read-only").into())
            }
            Statement::RegistryPull { provider, version } => {
                let transfer = &self.progress.transfer;
                Ok(message(&registry::pull(self.registry()?, &provider, version.as_deref(), transfer).await?))
            }
            Statement::Set { name, value } => {
                self.settings().set(self.definitions.as_ref(), &name, &value)?;
                Ok(message("OK"))
            }
            Statement::Prepare { name, prepared } => {
                self.prepared().insert(name, *prepared);
                Ok(message("OK"))
            }
            Statement::Execute { name, values } => {
                let statement = self.executed(&name, &values)?;
                Box::pin(self.dispatch(statement)).await
            }
            Statement::Deallocate { name: None } => {
                self.prepared().clear();
                Ok(message("OK"))
            }
            Statement::Deallocate { name: Some(name) } => match self.prepared().remove(&name) {
                Some(_) => Ok(message("OK")),
                None => Err(not_prepared(&name).into()),
            },
            Statement::Other(keyword) => {
                Err(Error::statement(format!("{keyword} is not a statement of this version")).into())
            }
            Statement::Query(query) => {
                let planner = self.planner(query.hints.join_by)?;
                let plan = planner.query(query).await?;
                planner.stream(plan)
            }
            Statement::Explain { statement, analyze: runs } => {
                let statement = match *statement {
                    Statement::Execute { name, values } => self.executed(&name, &values)?,
                    other => other,
                };
                let planner = self.planner(join_by(&statement))?;
                let plan = match statement {
                    Statement::Query(query) => planner.query(query).await?,
                    statement @ (Statement::Insert(_)
                    | Statement::Update(_)
                    | Statement::Delete(_)
                    | Statement::Exec(_)) => {
                        let (plan, verb, ..) = planner.change(statement).await?;
                        if runs {
                            self.may(verb)?;
                        }
                        plan as _
                    }
                    _ => {
                        return Err(
                            Error::statement("EXPLAIN takes a query or a statement that changes something").into()
                        );
                    }
                };
                if runs {
                    let answer = rows(analyze(&planner.context, plan, planner.task()).await?);
                    let context = planner.context;
                    return Ok(Answer { outcome: Arc::new(move || context.outcome()), ..answer });
                }
                let answer = rows(explain(&plan, planner.task()).await?);
                Ok(Answer { message: Some("Execution plan generated successfully".into()), ..answer })
            }
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) | Statement::Exec(_) => {
                self.change(statement).await
            }
        }
    }

    fn prepared(&self) -> MutexGuard<'_, HashMap<String, Prepared>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The prepared statement of this name with these values.
    fn executed(&self, name: &str, values: &[Expr]) -> Result<Statement, Error> {
        let prepared = self.prepared();
        let statement = prepared.get(name).ok_or_else(|| not_prepared(name))?;
        statement.with_values(values).map_err(|error| Error::statement(format!("{name} {error}")))
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn registry(&self) -> Result<&dyn Registry, Error> {
        self.registry.as_deref().ok_or_else(|| Error::statement("this session has no registry of definitions"))
    }

    /// Refuses what a session that only reads does not do.
    fn may(&self, verb: Verb) -> Result<(), Error> {
        match self.options.read_only && verb != Verb::Select {
            true => Err(Error::statement(format!("{} is refused: the session is read-only", verb.keyword()))),
            false => Ok(()),
        }
    }

    async fn change(&self, statement: Statement) -> Result<Answer, Failure> {
        let planner = self.planner(join_by(&statement))?;
        let (plan, verb, items) = planner.change(statement).await?;
        self.may(verb)?;
        let until = plan.fetch_of().until;
        if let Some(items) = items {
            let plan = returning(&planner.state, plan, &items).await?;
            return match until {
                Until::Answer => planner.stream(plan),
                Until::End | Until::Made => planner.awaited(plan).await,
            };
        }
        let mut answers = execute_stream(plan, planner.task())?;
        loop {
            match answers.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) if rehearsed(&error) => {
                    return Ok(message("dry run: the request would have succeeded; nothing was changed"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let context = planner.context;
        let text = match context.outcome() {
            outcome if until != Until::Answer => context.awaits.message(&outcome),
            Outcome::Complete => "The operation was despatched successfully".to_owned(),
            Outcome::Partial(failures) => {
                format!("{} of the operations failed, the others were despatched", failures.len())
            }
            Outcome::Truncated(what) => what,
        };
        Ok(Answer { outcome: Arc::new(move || context.outcome()), ..message(&text) })
    }

    /// The memory that all statements share.
    fn memory(&self) -> Result<Arc<RuntimeEnv>, DataFusionError> {
        if let Some(known) = self.memory.get() {
            return Ok(Arc::clone(known));
        }
        let mut builder = RuntimeEnvBuilder::new();
        if let Some(limit) = self.options.memory_limit {
            // Names those who hold most when there is no more.
            let named = NonZeroUsize::MIN.saturating_add(2);
            builder = builder.with_memory_pool(Arc::new(TrackConsumersPool::new(FairSpillPool::new(limit), named)));
        }
        let made = builder.build_arc()?;
        Ok(Arc::clone(self.memory.get_or_init(|| made)))
    }

    fn planner(&self, join_by: Option<JoinBy>) -> Result<Planner, DataFusionError> {
        let context = Arc::new(Context::new(
            Arc::clone(&self.definitions),
            Arc::clone(&self.transport),
            Arc::clone(&self.log),
            Arc::clone(&self.progress),
            self.options.clone(),
            self.settings().clone(),
        ));
        // One partition: rows keep the order of the pages, and nothing is fetched before it is wanted.
        let mut config = SessionConfig::new()
            .with_target_partitions(1)
            .with_default_catalog_and_schema(LOCAL, SYSTEM)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(false);
        config.options_mut().sql_parser.enable_ident_normalization = false;
        config.options_mut().sql_parser.map_string_types_to_utf8view = false;
        // What a scan fetches is settled before it starts; a subquery's value may be one of its parameters.
        config.options_mut().optimizer.enable_dynamic_filter_pushdown = false;
        config.options_mut().optimizer.enable_physical_uncorrelated_scalar_subquery = false;
        if let Some(limit) = self.options.memory_limit {
            // What a sort sets aside for its merge has to fit several times.
            let reserved = &mut config.options_mut().execution.sort_spill_reservation_bytes;
            *reserved = (*reserved).min(limit / 16);
        }
        let mut state = stackql_functions::add(SessionStateBuilder::new().with_config(config).with_default_features())
            .with_runtime_env(self.memory()?)
            .with_catalog_list(Arc::new(Catalogs(Arc::clone(&context))))
            .with_query_planner(Arc::new(FeedPlanner { context: Arc::clone(&context), join_by }))
            .with_physical_optimizer_rule(Arc::new(ClausesAbove))
            .with_physical_optimizer_rule(Arc::new(Demands))
            .with_physical_optimizer_rule(Arc::new(JoinsSpill))
            .build();
        state.mark_start_execution();
        Ok(Planner { context, state, join_by })
    }
}

fn not_prepared(name: &str) -> Error {
    Error::statement(format!("there is no prepared statement {name}; PREPARE {name} AS … makes one"))
}

impl Planner {
    fn task(&self) -> Arc<TaskContext> {
        self.state.task_ctx()
    }

    async fn query(&self, mut query: Query) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let written = resolve::resolve(&self.context, &mut query.ast)?;
        stackql_functions::prepare(&mut query.ast);
        let statement = PlannerStatement::Statement(Box::new(SqlStatement::Query(query.ast)));
        let plan = self.state.statement_to_plan(statement).await?;
        resolve::called_as_written(self.physical(&plan).await?, &written)
    }

    async fn physical(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let plan = feed(self.state.optimize(plan)?, self.join_by)?;
        self.state.query_planner().create_physical_plan(&plan, &self.state).await
    }

    /// The plan of a statement that changes something, with its verb and its RETURNING.
    async fn change(
        &self,
        statement: Statement,
    ) -> Result<(Arc<FetchExec>, Verb, Option<Vec<SelectItem>>), DataFusionError> {
        let context = &self.context;
        match statement {
            Statement::Insert(insert) => {
                let table = write::target(context, &insert.table)?;
                let columns: Vec<&str> = insert.columns.iter().map(String::as_str).collect();
                let (method, parameters) = write::method(&table, Verb::Insert, &columns)?;
                let input = write::renamed(self.query(insert.source).await?, &parameters)?;
                let until = Until::asked(insert.hints, Verb::Insert, insert.returning.is_some());
                Ok((write::fetch(context, &table, method, input, until)?, Verb::Insert, insert.returning))
            }
            Statement::Update(update) => {
                let table = write::target(context, &update.table)?;
                let mut all = match &update.selection {
                    Some(selection) => condition(selection, "UPDATE")?,
                    None => Vec::new(),
                };
                for (column, expr) in &update.assignments {
                    let unfit = || Error::statement(format!("UPDATE sets columns to literals, not to: {expr}"));
                    let values = vec![literal(expr).ok_or_else(unfit)?];
                    all.push(Assignment { column: column.clone(), values });
                }
                let until = Until::asked(update.hints, Verb::Update, update.returning.is_some());
                Ok((write::assigned(context, &table, Verb::Update, &all, until)?, Verb::Update, update.returning))
            }
            Statement::Delete(delete) if delete.hints.until_complete && delete.returning.is_some() => {
                Err(Error::statement("returning from asynchronous delete is disallowed").into())
            }
            Statement::Delete(delete) => {
                let table = write::target(context, &delete.table)?;
                let all = match &delete.selection {
                    Some(selection) => condition(selection, "DELETE")?,
                    None => Vec::new(),
                };
                let until = Until::asked(delete.hints, Verb::Delete, false);
                Ok((write::assigned(context, &table, Verb::Delete, &all, until)?, Verb::Delete, delete.returning))
            }
            Statement::Exec(exec) => {
                let (plan, verb, is_shown) = write::exec(context, &exec)?;
                let items = is_shown.then(|| vec![SelectItem::Wildcard(Default::default())]);
                Ok((plan, verb, items))
            }
            _ => Err(Error::statement("not a statement that changes something").into()),
        }
    }

    /// The answer of a plan whose calls are awaited: its rows are there when all are over, and so is what to say.
    async fn awaited(self, plan: Arc<dyn ExecutionPlan>) -> Result<Answer, Failure> {
        let schema = plan.schema();
        let batches = collect(plan, self.task()).await?;
        let rows = RecordBatchStreamAdapter::new(schema, stream::iter(batches.into_iter().map(Ok)));
        let context = self.context;
        let message = Some(context.awaits.message(&context.outcome()));
        Ok(Answer { rows: Some(Box::pin(rows)), message, outcome: Arc::new(move || context.outcome()) })
    }

    /// The answer whose rows a plan gives. An error ends the rows, and is in the log.
    fn stream(self, plan: Arc<dyn ExecutionPlan>) -> Result<Answer, Failure> {
        let inner = execute_stream(plan, self.task())?;
        let schema = inner.schema();
        let (log, context) = (Arc::clone(&self.context.log), Arc::clone(&self.context));
        let rows = inner.map(move |batch| batch.inspect_err(|e| log.fail(Failure::from(e))));
        let rows: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
        Ok(Answer { rows: Some(rows), message: None, outcome: Arc::new(move || context.outcome()) })
    }
}

/// How a statement wants relations read that may be listed or asked for by key.
fn join_by(statement: &Statement) -> Option<JoinBy> {
    match statement {
        Statement::Query(query) => query.hints.join_by,
        Statement::Insert(insert) => insert.hints.join_by,
        _ => None,
    }
}

/// Whether an error says that a rehearsal would have succeeded.
fn rehearsed(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::External(inner) => matches!(
            inner.downcast_ref::<Error>(),
            Some(Error::Answer(AnswerError::Fault(fault))) if fault.kind == FaultKind::Rehearsed
        ),
        _ => false,
    }
}

fn rows(batch: RecordBatch) -> Answer {
    let schema = batch.schema();
    let rows = RecordBatchStreamAdapter::new(schema, stream::iter([Ok(batch)]));
    Answer { rows: Some(Box::pin(rows)), message: None, outcome: Arc::new(|| Outcome::Complete) }
}

fn message(text: &str) -> Answer {
    Answer { rows: None, message: Some(text.to_owned()), outcome: Arc::new(|| Outcome::Complete) }
}

#[cfg(test)]
mod tests;
