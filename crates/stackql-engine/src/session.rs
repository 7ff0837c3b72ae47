//! A session: definitions, a transport and settings, over which statements run. The one match over statements.

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
use crate::statement::describe;
use crate::statement::explain::analyze::analyze;
use crate::statement::explain::rows::explain;
use crate::statement::{registry, show};
use crate::{
    CacheNamespace, Completeness, Failure, FailureKind, Journal, Progress, RollbackMode, StatementOutput, Store,
};

use crate::statement::transaction_steps::Saga;
use planner::StatementPlanner;

/// What a change says whose requests were taken.
pub(crate) const DESPATCHED_MESSAGE: &str = "The operation was despatched successfully";

/// What EXPLAIN says.
const PLANNED_MESSAGE: &str = "Execution plan generated successfully";

/// What a change says that found nothing to change.
const NO_ROWS_MESSAGE: &str = "there are no rows for that, so nothing was sent";

/// What a rehearsal says that would have succeeded.
pub(crate) const DRY_RUN_MESSAGE: &str = "dry run: the request would have succeeded; nothing was changed";

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
    /// How many views may be read one through the other.
    pub view_depth: usize,
    /// How old an answer may be that is given instead of asking again; zero is never.
    pub cache_ttl: Duration,
    /// Tables whose answers are given instead of asking again for a time of their own.
    pub analytics: Option<CacheNamespace>,
    /// How long the first wait for work that goes on is; later ones grow to ten times as long.
    pub await_pause: Duration,
    /// How long a statement waits for such work in all.
    pub await_limit: Duration,
    /// When the statements of a transaction run.
    pub rollback: RollbackMode,
    /// Statements do and say what those of the Go program do, where scripts depend on it: comparisons give 1 and 0, LIKE does not
    /// tell upper from lower case, what a view's query gives to parameters are defaults, and messages are that program's.
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

/// What a program tells of its build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildInfo {
    /// The commit that it was built from.
    pub commit: String,
    /// When it was built.
    pub date: String,
    /// What it runs on.
    pub platform: String,
}

/// Runs statements. Cheap to clone; clones share everything.
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
    /// The transaction that is open.
    pub(crate) transaction: Arc<tokio::sync::Mutex<Option<Saga>>>,
}

impl Session {
    /// A session over these definitions, whose calls go through this transport.
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

    /// The session with a registry, which the REGISTRY statements ask.
    pub fn with_registry(self, registry: Arc<dyn Registry>) -> Self {
        Self { registry: Some(registry), ..self }
    }

    /// The session with a store, where what users make is kept.
    pub fn with_store(self, store: Arc<dyn Store>) -> Self {
        Self { store: Some(store), ..self }
    }

    /// The session with a place where transactions are written down. Without one, what a transaction did is forgotten
    /// with the process.
    pub fn with_journal(self, journal: Arc<dyn Journal>) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// The session with the credentials that its calls are made with, which the AUTH statements speak of.
    pub fn with_keyring(self, keyring: Arc<dyn Keyring>) -> Self {
        Self { keyring: Some(keyring), ..self }
    }

    /// The session of a program of this build.
    pub fn with_build(self, build: BuildInfo) -> Self {
        Self { build, ..self }
    }

    /// The definitions, for completion of names.
    pub fn definitions(&self) -> &Arc<dyn Definitions> {
        &self.definitions
    }

    /// The defaults that stood for scopes which statements left out, as provider, scope and value: those that this was not
    /// asked for before.
    pub fn new_defaults(&self) -> Vec<[String; 3]> {
        self.log.new_defaults()
    }

    /// How far the running statement is.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Runs one statement (without its semicolon). Returns once the plan stands and the rows can be read; dropping
    /// the answer, or the future, cancels what is in flight. `stackql_sql::split` cuts a script into statements.
    pub async fn run(&self, statement: &str) -> Result<StatementOutput, Failure> {
        self.progress.reset();
        let timeout = self.settings().timeout;
        let outcome = match (parse(statement), timeout) {
            (Ok(statement), None) => self.dispatch(statement).await,
            (Ok(statement), Some(limit)) => self.within(limit, statement).await,
            (Err(_), _) if crate::statement::auth::may_be_secret(statement) => {
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

    /// Runs a statement, rows and all, for no longer than `limit`.
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
            Some(provider) => crate::statement::default_provider::qualify_names(statement, &provider),
            None => statement,
        };
        match statement {
            Statement::Show(Show { kind: ShowKind::Setting(name), .. })
                if crate::statement::auth::key_of(&name).is_some() =>
            {
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
            Statement::Set { ref name, ref value }
                if let Some((provider, key)) = crate::statement::auth::key_of(name) =>
            {
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

    /// The prepared statement of this name with these values.
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

    /// Refuses a change in a session that only reads.
    pub(crate) fn require_writable(&self, what: &str) -> Result<(), Error> {
        match self.options.read_only {
            true => Err(Error::invalid(format!("{what} is refused: the session is read-only"))),
            false => Ok(()),
        }
    }

    /// Refuses a method that changes something in a session that only reads.
    pub(crate) fn require_callable(&self, verb: Verb) -> Result<(), Error> {
        if verb == Verb::Select { Ok(()) } else { self.require_writable(verb.keyword()) }
    }

    /// Makes the calls of the methods that stand for relations and change something, each once, whatever of them the
    /// plan reads.
    async fn call_exec_tables(&self, planner: &StatementPlanner) -> Result<(), Failure> {
        self.check_exec_tables(planner).await?;
        Ok(exec_table::call(&planner.context, planner.task()).await?)
    }

    /// Refuses such calls where nothing may be changed, or not now.
    async fn check_exec_tables(&self, planner: &StatementPlanner) -> Result<(), Error> {
        for (_, executed) in planner.context.exec_tables() {
            if let Some(verb) = executed.change() {
                self.require_writable(&format!("EXEC of {}, which answers {},", executed.method(), verb.keyword()))?;
                self.require_no_transaction("an EXEC in FROM that changes something").await?;
            }
        }
        Ok(())
    }

    /// What a change says whose requests were taken.
    pub(crate) fn despatch_message(&self, plan: &CallExec) -> &'static str {
        match plan.call_spec().operation.method().request.protocol {
            Protocol::Command { .. } if self.options.compat => "OK",
            _ => DESPATCHED_MESSAGE,
        }
    }

    /// What SET says.
    pub(crate) fn set_message(&self) -> StatementOutput {
        StatementOutput { message: (!self.options.compat).then(|| "OK".to_owned()), ..message_output("") }
    }

    async fn change(&self, statement: Statement) -> Result<StatementOutput, Failure> {
        // What is looked up to be changed is looked up anew.
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

/// How a statement wants relations read that may be listed or asked for by key.
pub(crate) fn join_hint(statement: &Statement) -> Option<JoinHint> {
    match statement {
        Statement::Query(query) => query.hints.join,
        Statement::Insert(insert) => insert.hints.join,
        _ => None,
    }
}

/// Whether an error says that a rehearsal would have succeeded.
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
