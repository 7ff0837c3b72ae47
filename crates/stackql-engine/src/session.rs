//! [`Session`]: runs statements over definitions, a transport and settings. It owns the dispatch by kind of statement;
//! [`crate::statement`] implements most kinds, and `planner` plans those that make calls.

pub(crate) mod planner;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::Expr;
use futures::{TryStreamExt, stream};
use stackql_call::{Keyring, Transport};
use stackql_provider::{Definitions, Protocol, Registry, Verb};
use stackql_sql::{JoinHint, PreparedStatement, Show, ShowKind, Statement, parse};

use crate::call::log::CallLog;
use crate::call::lro::WaitFor;
use crate::catalog::exec_table;
use crate::config::settings::SessionSettings;
use crate::dml::returning::returning;
use crate::error::Error;
use crate::physical::call_exec::CallExec;
use crate::physical::demand::calls_excluding_fallback;
use crate::statement::auth;
use crate::statement::default_provider;
use crate::statement::describe;
use crate::statement::explain::analyze::analyze;
use crate::statement::explain::rows::explain;
use crate::statement::{registry, show};
use crate::{
    CacheNamespace, Completeness, Failure, FailureKind, Journal, Progress, RollbackMode, StatementOutput, Store,
};

use crate::statement::transaction_steps::Saga;
use planner::StatementPlanner;

/// The message of a change after the API accepted its requests.
pub(crate) const DESPATCHED_MESSAGE: &str = "The operation was despatched successfully";

/// The message of EXPLAIN.
const PLANNED_MESSAGE: &str = "Execution plan generated successfully";

/// The message of a change that matched no rows.
const NO_ROWS_MESSAGE: &str = "there are no rows for that, so nothing was sent";

/// The message of a dry run that would have succeeded.
pub(crate) const DRY_RUN_MESSAGE: &str = "dry run: the request would have succeeded; nothing was changed";

/// Options of a session, which are fixed when it is created.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Concurrency limit: the maximum number of in-flight calls of one statement. 0 counts as 1.
    pub concurrency: usize,
    /// Maximum number of pages that one scan reads; `None` for no limit. A scan that reaches it gives a truncated result.
    pub page_limit: Option<usize>,
    /// Reject statements that change something.
    pub read_only: bool,
    /// Memory limit of sorts, aggregations and joins, in bytes, for all statements of the session together. Operators that
    /// can spill write to disk beyond it; with others, the statement fails. `None` for no limit.
    pub memory_limit: Option<usize>,
    /// Maximum nesting depth of views.
    pub view_depth: usize,
    /// TTL of the response cache: the maximum age of a response that is reused. Zero disables reuse.
    pub cache_ttl: Duration,
    /// Tables whose responses are cached with a TTL of their own.
    pub analytics: Option<CacheNamespace>,
    /// The initial delay between status polls of a long-running operation; later delays grow to ten times that.
    pub await_pause: Duration,
    /// The maximum time that one statement waits for long-running operations in total.
    pub await_limit: Duration,
    /// When the statements of a transaction run, and so what ROLLBACK does.
    pub rollback: RollbackMode,
    /// Compatibility mode: results and messages equal those of the Go program where scripts depend on them. Comparisons
    /// return 1 and 0, LIKE is case-insensitive, the values that a view's query gives to parameters are defaults, and
    /// messages are that program's.
    pub compat: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            concurrency: 32,
            page_limit: None,
            read_only: false,
            memory_limit: None,
            cache_ttl: Duration::ZERO,
            analytics: None,
            view_depth: 5,
            await_pause: Duration::from_secs(1),
            await_limit: Duration::from_secs(60 * 60),
            rollback: RollbackMode::default(),
            compat: false,
        }
    }
}

/// Build information of the program, for SHOW VERSION.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildInfo {
    /// The commit of the source code.
    pub commit: String,
    /// The build date.
    pub date: String,
    /// The platform that it runs on.
    pub platform: String,
}

/// Runs statements. It is cheap to clone; clones share settings, prepared statements, the log and the open transaction.
#[derive(Debug, Clone)]
pub struct Session {
    pub(crate) definitions: Arc<dyn Definitions>,
    pub(crate) transport: Arc<dyn Transport>,
    registry: Option<Arc<dyn Registry>>,
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) journal: Option<Arc<dyn Journal>>,
    pub(crate) keyring: Option<Arc<dyn Keyring>>,
    build: BuildInfo,
    pub(crate) options: SessionOptions,
    progress: Arc<Progress>,
    pub(crate) log: Arc<CallLog>,
    settings: Arc<Mutex<SessionSettings>>,
    prepared: Arc<Mutex<HashMap<String, PreparedStatement>>>,
    memory: Arc<OnceLock<Arc<RuntimeEnv>>>,
    /// The open transaction.
    pub(crate) transaction: Arc<tokio::sync::Mutex<Option<Saga>>>,
}

impl Session {
    /// Creates a session that resolves names in `definitions` and sends calls through `transport`.
    pub fn new(definitions: Arc<dyn Definitions>, transport: Arc<dyn Transport>, options: SessionOptions) -> Self {
        Self {
            definitions,
            transport,
            registry: None,
            store: None,
            journal: None,
            keyring: None,
            build: BuildInfo::default(),
            options,
            progress: Arc::default(),
            log: Arc::default(),
            settings: Arc::default(),
            prepared: Arc::default(),
            memory: Arc::default(),
            transaction: Arc::default(),
        }
    }

    /// Returns the session with the registry that REGISTRY statements use.
    pub fn with_registry(self, registry: Arc<dyn Registry>) -> Self {
        Self { registry: Some(registry), ..self }
    }

    /// Returns the session with the store of local objects.
    pub fn with_store(self, store: Arc<dyn Store>) -> Self {
        Self { store: Some(store), ..self }
    }

    /// Returns the session with the journal of transactions. Without one, a transaction cannot be recovered after the process
    /// ends.
    pub fn with_journal(self, journal: Arc<dyn Journal>) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// Returns the session with the credentials of its calls, which SHOW AUTH and AUTH statements use.
    pub fn with_keyring(self, keyring: Arc<dyn Keyring>) -> Self {
        Self { keyring: Some(keyring), ..self }
    }

    /// Returns the session with the build information of the program.
    pub fn with_build(self, build: BuildInfo) -> Self {
        Self { build, ..self }
    }

    /// The definitions, for name completion.
    pub fn definitions(&self) -> &Arc<dyn Definitions> {
        &self.definitions
    }

    /// The default values that were used for scopes which statements do not name, as `[provider, scope, value]`. Returns only
    /// those that no earlier call returned.
    pub fn new_defaults(&self) -> Vec<[String; 3]> {
        self.log.new_defaults()
    }

    /// The progress of the running statement.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Runs one statement. Returns as soon as its rows can be read. Dropping the output, or the future, cancels in-flight
    /// calls. `stackql_sql::split` splits a script into single statements.
    ///
    /// # Errors
    ///
    /// The statement is invalid, it cannot be planned, or a call before the first row failed. Failures while rows are read are
    /// items of the output's stream. Every failure is also in the session's log.
    pub async fn run(&self, statement: &str) -> Result<StatementOutput, Failure> {
        self.progress.reset();
        let timeout = self.settings().timeout;
        let outcome = match (parse(statement), timeout) {
            (Ok(statement), None) => self.dispatch(statement).await,
            (Ok(statement), Some(limit)) => self.within(limit, statement).await,
            (Err(_), _) if auth::may_be_secret(statement) => {
                let text = "syntax error in a statement that is not repeated, since it may have a credential in it";
                let hint = "a key of an auth context is set by SET \"$.auth.provider.key\" = '…'".to_owned();
                Err(Failure { hints: vec![hint], ..Failure::new(FailureKind::User, text.to_owned()) })
            }
            (Err(error), _) => {
                let hints = vec![error.with_caret(statement)];
                Err(Failure { hints, ..Failure::new(FailureKind::User, error.to_string()) })
            }
        };
        outcome.inspect_err(|failure| self.log.fail(failure.clone()))
    }

    /// Runs a statement with a timeout, which includes the time to read its rows.
    async fn within(&self, limit: Duration, statement: Statement) -> Result<StatementOutput, Failure> {
        let mut alarm = Box::pin(tokio::time::sleep(limit));
        tokio::select! {
            answer = self.dispatch(statement) => answer.map(|answer| answer.with_deadline(alarm, limit)),
            () = &mut alarm => Err(Error::StatementTimeout(limit).into()),
        }
    }

    async fn dispatch(&self, statement: Statement) -> Result<StatementOutput, Failure> {
        let provider = self.settings().provider.clone();
        let statement = match provider {
            Some(provider) => default_provider::qualify_names(statement, &provider),
            None => statement,
        };
        match statement {
            Statement::Show(Show { kind: ShowKind::Setting(name), .. }) if auth::key_of(&name).is_some() => {
                Err(Error::invalid("what authorises requests is not shown; SHOW AUTH tells where it comes from").into())
            }
            Statement::Show(ref show @ Show { kind: ShowKind::Auth { ref provider }, .. }) => {
                self.show_auth(show, provider.as_deref())
            }
            Statement::Show(Show { kind: ShowKind::Setting(name), .. }) if !name.contains(' ') => {
                let value = self.settings().get(self.definitions.as_ref(), &name)?;
                let column = Arc::new(StringArray::from(vec![value])) as ArrayRef;
                Ok(rows_output(RecordBatch::try_from_iter([(name, column)]).map_err(DataFusionError::from)?))
            }
            Statement::Show(statement) => {
                let context = self.show_context(&statement).await;
                Ok(rows_output(show::show(self.definitions.as_ref(), &self.build, &context, &statement)?))
            }
            Statement::Create(create) => Box::pin(self.create(create)).await,
            Statement::Drop { made, name, if_exists } => self.remove(made, &name, if_exists).await,
            Statement::NativeQuery(text) => Ok(rows_output(self.store()?.query(&text).await.map_err(Error::from)?)),
            Statement::Refresh { name } => Box::pin(self.refresh(&name)).await,
            Statement::Describe { table, extended } => match table.0.as_slice() {
                [own] => Ok(rows_output(self.describe_own(own, extended).await?)),
                _ => match self.columns_of_view(&table).await? {
                    Some(columns) => Ok(rows_output(describe::columns_of_view(columns, extended)?)),
                    None => {
                        let (columns, note) = describe::describe(self.definitions.as_ref(), &table, extended)?;
                        Ok(StatementOutput { message: note, ..rows_output(columns) })
                    }
                },
            },
            Statement::DescribeMethod { method, extended } => {
                Ok(rows_output(describe::describe_method(self.definitions.as_ref(), &method, extended)?))
            }
            Statement::Use(provider) => {
                self.settings().set(self.definitions.as_ref(), "provider", &provider)?;
                Ok(message_output("OK"))
            }
            Statement::Sleep(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Ok(message_output(&format!("Success: slept for {milliseconds} milliseconds")))
            }
            Statement::RegistryList { provider } => {
                let (list, unasked) = registry::list(self.registry()?, provider.as_deref()).await?;
                let Some(why) = unasked else { return Ok(rows_output(list)) };
                let outcome = Completeness::Partial(vec![Error::Registry(why).into()]);
                Ok(StatementOutput { completeness: Arc::new(move || outcome.clone()), ..rows_output(list) })
            }
            Statement::RegistryPull { provider, version } => {
                self.require_writable("REGISTRY PULL")?;
                let transfer = &self.progress.transfer;
                Ok(message_output(&registry::pull(self.registry()?, &provider, version.as_deref(), transfer).await?))
            }
            Statement::Set { ref name, ref value } if let Some((provider, key)) = auth::key_of(name) => {
                self.set_auth(provider, key, value)
            }
            Statement::LogIn { provider, scopes } => self.log_in(&provider, &scopes).await,
            Statement::Revoke { provider } => self.revoke(&provider).await,
            Statement::Purge(kind) => self.purge(kind.as_deref()).await,
            Statement::Set { name, value } => {
                self.settings().set(self.definitions.as_ref(), &name, &value)?;
                Ok(self.set_message())
            }
            Statement::Prepare { name, prepared } => {
                self.prepared().insert(name, *prepared);
                Ok(message_output("OK"))
            }
            Statement::Execute { name, values } => {
                let statement = self.prepared_statement(&name, &values)?;
                Box::pin(self.dispatch(statement)).await
            }
            Statement::Deallocate { name: None } => {
                self.prepared().clear();
                Ok(message_output("OK"))
            }
            Statement::Deallocate { name: Some(name) } => match self.prepared().remove(&name) {
                Some(_) => Ok(message_output("OK")),
                None => Err(not_prepared(&name).into()),
            },
            Statement::Begin => self.begin().await,
            Statement::Commit => self.commit().await,
            Statement::Rollback => self.roll_back().await,
            Statement::Unsupported(keyword) => {
                Err(Error::invalid(format!("{keyword} is not a statement of this version")).into())
            }
            Statement::Query(query) => {
                let planner = self.planner(query.hints.join).await?;
                let plan = planner.query(query).await?;
                self.call_exec_tables(&planner).await?;
                planner.stream(plan)
            }
            Statement::Explain { statement, analyze: runs } => {
                let statement = match *statement {
                    Statement::Execute { name, values } => self.prepared_statement(&name, &values)?,
                    other => other,
                };
                let planner = self.planner(join_hint(&statement)).await?;
                let plan = match statement {
                    Statement::Query(query) => planner.query(query).await?,
                    statement @ (Statement::Insert(_)
                    | Statement::Update(_)
                    | Statement::Replace(_)
                    | Statement::Delete(_)
                    | Statement::Exec(_)) => {
                        let (plan, verb, ..) = planner.change(statement).await?;
                        if runs {
                            self.require_callable(verb)?;
                            self.require_no_transaction("EXPLAIN ANALYZE of a change").await?;
                        }
                        plan as _
                    }
                    _ => {
                        return Err(
                            Error::invalid("EXPLAIN takes a query or a statement that changes something").into()
                        );
                    }
                };
                if runs {
                    self.check_exec_tables(&planner).await?;
                    let answer = rows_output(analyze(&planner.context, plan, planner.task()).await?);
                    let context = planner.context;
                    return Ok(StatementOutput { completeness: Arc::new(move || context.outcome()), ..answer });
                }
                let said = match (self.options.compat, calls_excluding_fallback(&plan).is_empty()) {
                    (true, true) => "OK".to_owned(),
                    (true, false) => format!("{PLANNED_MESSAGE}\nOK"),
                    (false, _) => PLANNED_MESSAGE.to_owned(),
                };
                Ok(StatementOutput {
                    message: Some(said),
                    ..rows_output(explain(&planner.context, &plan, planner.task()).await?)
                })
            }
            Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Replace(_)
            | Statement::Delete(_)
            | Statement::Exec(_) => {
                let statement = match Box::pin(self.queue_or_run(statement)).await? {
                    Ok(answer) => return Ok(answer),
                    Err(statement) => statement,
                };
                match Box::pin(self.change_own(statement)).await? {
                    Ok(answer) => Ok(answer),
                    Err(statement) => self.change(statement).await,
                }
            }
        }
    }

    fn prepared(&self) -> MutexGuard<'_, HashMap<String, PreparedStatement>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The prepared statement `name` with `values` bound to its placeholders.
    fn prepared_statement(&self, name: &str, values: &[Expr]) -> Result<Statement, Error> {
        let prepared = self.prepared();
        let statement = prepared.get(name).ok_or_else(|| not_prepared(name))?;
        statement.with_values(values).map_err(|error| Error::invalid(format!("{name} {error}")))
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, SessionSettings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn registry(&self) -> Result<&dyn Registry, Error> {
        self.registry.as_deref().ok_or_else(|| Error::invalid("this session has no registry of definitions"))
    }

    /// Returns an error if the session is read-only; `what` is the rejected operation.
    pub(crate) fn require_writable(&self, what: &str) -> Result<(), Error> {
        match self.options.read_only {
            true => Err(Error::invalid(format!("{what} is refused: the session is read-only"))),
            false => Ok(()),
        }
    }

    /// Returns an error if the session is read-only and a method of this verb changes something.
    pub(crate) fn require_callable(&self, verb: Verb) -> Result<(), Error> {
        if verb == Verb::Select { Ok(()) } else { self.require_writable(verb.keyword()) }
    }

    /// Makes the calls of exec tables that change something: each exactly once, independent of what the plan reads of it.
    async fn call_exec_tables(&self, planner: &StatementPlanner) -> Result<(), Failure> {
        self.check_exec_tables(planner).await?;
        Ok(exec_table::call(&planner.context, planner.task()).await?)
    }

    /// Rejects exec tables that change something in a read-only session or an open transaction.
    async fn check_exec_tables(&self, planner: &StatementPlanner) -> Result<(), Error> {
        for (_, executed) in planner.context.exec_tables() {
            if let Some(verb) = executed.change() {
                self.require_writable(&format!("EXEC of {}, which answers {},", executed.method(), verb.keyword()))?;
                self.require_no_transaction("an EXEC in FROM that changes something").await?;
            }
        }
        Ok(())
    }

    /// The message of a change after the API accepted its requests.
    pub(crate) fn despatch_message(&self, plan: &CallExec) -> &'static str {
        match plan.call_spec().operation.method().request.protocol {
            Protocol::Command { .. } if self.options.compat => "OK",
            _ => DESPATCHED_MESSAGE,
        }
    }

    /// The output of SET.
    pub(crate) fn set_message(&self) -> StatementOutput {
        StatementOutput { message: (!self.options.compat).then(|| "OK".to_owned()), ..message_output("") }
    }

    async fn change(&self, statement: Statement) -> Result<StatementOutput, Failure> {
        // Rows that are to be changed must be current, so cached responses are not used.
        let settings = self.settings().clone().bypassing_cache();
        let planner = self.planner_with(join_hint(&statement), settings).await?;
        let (plan, verb, items) = planner.change(statement).await?;
        self.require_callable(verb)?;
        self.call_exec_tables(&planner).await?;
        let (until, tally) = (plan.call_spec().wait_for, Arc::clone(&plan.call_spec().tally));
        let despatched = self.despatch_message(&plan);
        if let Some(items) = items {
            let plan = returning(&planner.state, plan, &items).await?;
            return match until {
                WaitFor::Response => planner.stream(plan),
                WaitFor::Completion | WaitFor::Result => planner.wait_and_report(plan, &tally).await,
            };
        }
        let mut answers = execute_stream(plan, planner.task())?;
        loop {
            match answers.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) if is_dry_run_error(&error) => {
                    return Ok(message_output(DRY_RUN_MESSAGE));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let context = planner.context;
        let text = match context.outcome() {
            Completeness::Complete if tally.is_empty() => NO_ROWS_MESSAGE.to_owned(),
            outcome if until != WaitFor::Response => context.course.lro_log.message(&outcome, &tally),
            Completeness::Complete => despatched.to_owned(),
            Completeness::Partial(failures) => tally
                .describe_failed_rows("were despatched")
                .unwrap_or_else(|| format!("{} of the operations failed, the others were despatched", failures.len())),
            Completeness::Truncated(what) => what,
        };
        Ok(StatementOutput { completeness: Arc::new(move || context.outcome()), ..message_output(&text) })
    }
}

fn not_prepared(name: &str) -> Error {
    Error::invalid(format!("there is no prepared statement {name}; PREPARE {name} AS … makes one"))
}

/// The hint of a statement on how bind joins read their inner relations: by key lookups or a full scan.
pub(crate) fn join_hint(statement: &Statement) -> Option<JoinHint> {
    match statement {
        Statement::Query(query) => query.hints.join,
        Statement::Insert(insert) => insert.hints.join,
        _ => None,
    }
}

/// Whether an error reports a dry run that would have succeeded.
fn is_dry_run_error(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::External(inner) => inner.downcast_ref().is_some_and(Error::is_dry_run),
        _ => false,
    }
}

pub(crate) fn rows_output(batch: RecordBatch) -> StatementOutput {
    let schema = batch.schema();
    let rows = RecordBatchStreamAdapter::new(schema, stream::iter([Ok(batch)]));
    StatementOutput { rows: Some(Box::pin(rows)), message: None, completeness: Arc::new(|| Completeness::Complete) }
}

pub(crate) fn message_output(text: &str) -> StatementOutput {
    StatementOutput { rows: None, message: Some(text.to_owned()), completeness: Arc::new(|| Completeness::Complete) }
}

#[cfg(test)]
mod tests;
