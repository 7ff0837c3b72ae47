//! Transactions: BEGIN, COMMIT and ROLLBACK, the execution of statements between them, and the recovery (resume or undo) of
//! transactions that another process left open. `transaction_steps` executes the single steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::physical_plan::ExecutionPlan;
use stackql_provider::Verb;
use stackql_sql::{Statement, parse};

use super::transaction_steps::{InDoubtPolicy, Saga, StepResults};
use crate::call::lro::WaitFor;
use crate::call::tally::Tally;
use crate::catalog::local_table::local_table;
use crate::dml::returning::{project_rows, returning};
use crate::error::Error;
use crate::journal::{JournalEntry, RollbackMode, SagaStep, StatementRecord, TransactionEnd, TransactionLog};
use crate::session::planner::StatementPlanner;
use crate::session::{DESPATCHED_MESSAGE, Session, join_hint, message_output};
use crate::transaction::history::{StatementHistory, StepHistory, TransactionHistory};
use crate::{Completeness, Failure, FailureKind, StatementOutput};

/// A transaction that another process began, with exclusive access to its journal.
#[derive(Debug)]
pub struct RecoveredTransaction {
    /// The state that was read from the journal.
    pub history: TransactionHistory,
    /// The journal, to which further records are appended.
    pub log: Box<dyn TransactionLog>,
}

/// The message of a ROLLBACK that did not undo every step.
const NOT_ROLLED_BACK: &str = "Rollback failed";

impl Session {
    pub(crate) async fn begin(&self) -> Result<StatementOutput, Failure> {
        let mut open = self.transaction.lock().await;
        if open.is_some() {
            return Err(Error::invalid("there is a transaction already; COMMIT or ROLLBACK ends it").into());
        }
        *open = Some(Saga::new(self.options.rollback));
        Ok(message_output("OK"))
    }

    pub(crate) async fn commit(&self) -> Result<StatementOutput, Failure> {
        let mut open = self.transaction.lock().await;
        let saga = open.as_mut().ok_or_else(none_open)?;
        if saga.history.rollback == RollbackMode::Lazy && !saga.history.statements.is_empty() {
            saga.open_journal(self.journal.as_deref())?;
        }
        let mut saga = open.take().ok_or_else(none_open)?;
        let mut said = Vec::new();
        match saga.history.rollback {
            RollbackMode::Lazy => said = Box::pin(self.run_remaining(&mut saga, InDoubtPolicy::Stop)).await?,
            RollbackMode::Eager => saga.log_outcome(JournalEntry::Ended { how: TransactionEnd::Committed })?,
        }
        said.retain(|_| self.options.compat);
        said.push("OK".to_owned());
        Ok(message_output(&said.join("\n")))
    }

    pub(crate) async fn roll_back(&self) -> Result<StatementOutput, Failure> {
        let mut open = self.transaction.lock().await;
        let mut saga = open.take().ok_or_else(none_open)?;
        match saga.history.rollback {
            RollbackMode::Lazy => Ok(message_output("Rollback OK")),
            RollbackMode::Eager => Box::pin(self.compensate(&mut saga, InDoubtPolicy::Stop)).await,
        }
    }

    /// Whether a transaction is open.
    pub async fn is_in_transaction(&self) -> bool {
        self.transaction.lock().await.is_some()
    }

    /// Abandons the open transaction, because no statement will end it. Returns the consequence as text for the user; `None` if
    /// no transaction is open.
    pub async fn abandon(&self) -> Option<String> {
        let mut saga = self.transaction.lock().await.take()?;
        let count = saga.history.statements.len();
        if saga.history.rollback == RollbackMode::Lazy {
            return Some(format!("the transaction was not committed: of its {count} statements none was run"));
        }
        // A failure to log this may be ignored: a journal without an end record also means that the transaction did not end.
        let _ = saga.log_outcome(JournalEntry::Ended { how: TransactionEnd::Abandoned });
        let undo = saga.id().map(|id| format!("; stackql txn undo {id} undoes it")).unwrap_or_default();
        Some(format!("the transaction was neither committed nor rolled back, and what it did stays{undo}"))
    }

    /// Resumes a transaction whose COMMIT was interrupted: runs its remaining steps. `doubt` decides on steps in doubt.
    ///
    /// # Errors
    ///
    /// The errors of COMMIT; also if the session is read-only, or the transaction was rolled back, abandoned or run eagerly, or
    /// its compensation has begun.
    pub async fn resume(&self, kept: RecoveredTransaction, doubt: InDoubtPolicy) -> Result<StatementOutput, Failure> {
        self.require_change_allowed()?;
        let mut saga = Saga::from_recovered(kept.history, kept.log);
        let refused = match (saga.history.end, saga.history.rollback) {
            _ if saga.history.is_being_undone() => "undoing it was begun",
            (Some(TransactionEnd::Committed), _) => {
                return Ok(message_output("the transaction is complete: there is nothing to do"));
            }
            (Some(TransactionEnd::RolledBack | TransactionEnd::RolledBackInPart), _) => "it was rolled back",
            (Some(TransactionEnd::Abandoned), _) | (None, RollbackMode::Eager) => {
                "its statements ran at once; what failed was told, and what was done can be undone"
            }
            (None, RollbackMode::Lazy) => {
                Box::pin(self.run_remaining(&mut saga, doubt)).await?;
                return Ok(message_output("OK"));
            }
        };
        Err(Error::invalid(format!("the transaction cannot be resumed: {refused}")).into())
    }

    /// Undoes the steps of a transaction by their compensations, whether or not it was complete. `doubt` decides on
    /// compensations in doubt.
    ///
    /// # Errors
    ///
    /// The session is read-only, the journal cannot be written, or a step was not undone. The message then has a line for each
    /// statement that is left.
    pub async fn undo(&self, kept: RecoveredTransaction, doubt: InDoubtPolicy) -> Result<StatementOutput, Failure> {
        self.require_change_allowed()?;
        let mut saga = Saga::from_recovered(kept.history, kept.log);
        Box::pin(self.compensate(&mut saga, doubt)).await
    }

    fn require_change_allowed(&self) -> Result<(), Error> {
        match self.options.read_only {
            true => Err(Error::invalid("the session is read-only, so a transaction is neither resumed nor undone")),
            false => Ok(()),
        }
    }

    /// Executes a statement in the open transaction: queues it (lazy) or runs it at once (eager). Returns the statement
    /// unchanged if no transaction is open, or if it only reads.
    pub(crate) async fn queue_or_run(
        &self,
        statement: Statement,
    ) -> Result<Result<StatementOutput, Statement>, Failure> {
        let mut open = self.transaction.lock().await;
        let Some(saga) = open.as_mut() else { return Ok(Err(statement)) };
        let settings = self.settings().clone();
        let changes = settings.changes(self.definitions.as_ref())?;
        let planner = self.planner_with(join_hint(&statement), settings.bypassing_cache()).await?;
        let (act, table, planned) = match planner.own_changed(&statement)? {
            Some((act, table)) => (act.to_owned(), table, None),
            None => {
                let (plan, verb, items) = planner.change(statement.clone()).await?;
                if verb == Verb::Select {
                    return Ok(Err(statement));
                }
                self.require_callable(verb)?;
                if let Some((_, executed)) =
                    planner.context.exec_tables().into_iter().find(|(_, e)| e.change().is_some())
                {
                    let text =
                        format!("{} in FROM changes something, and cannot stand in a transaction", executed.method());
                    return Err(Error::invalid(text).into());
                }
                let table = plan.call_spec().operation.qualified_name();
                (verb.keyword().to_lowercase(), table, Some((plan, items)))
            }
        };
        let noted = StatementRecord { text: statement_to_sql(&statement)?, act, table, settings: changes };
        let (plan, items) = planned.unzip();
        let items = items.flatten();
        if saga.history.rollback == RollbackMode::Lazy {
            if items.is_some() {
                let text = format!("{noted} waits for COMMIT, so it has no rows to give; leave RETURNING out");
                return Err(Error::invalid(text).into());
            }
            saga.log_intent(JournalEntry::Statement(noted))?;
            return Ok(Ok(message_output("mutating statement queued")));
        }
        if let (Some(plan), Some(items)) = (&plan, &items) {
            // Planning RETURNING first reports its errors before any request is sent.
            returning(&planner.state, Arc::clone(plan), items).await?;
        }
        saga.open_journal(self.journal.as_deref())?;
        saga.log_intent(JournalEntry::Statement(noted))?;
        let statement = saga.history.statements.len() - 1;
        Box::pin(self.plan_steps(saga, statement)).await?;
        let StepResults { rows, said } =
            Box::pin(self.run_steps(&planner.context, saga, statement, InDoubtPolicy::Stop)).await?;
        let is_awaited = plan.as_ref().is_some_and(|plan| plan.call_spec().wait_for != WaitFor::Response);
        let despatched = plan.as_ref().map_or(DESPATCHED_MESSAGE, |plan| self.despatch_message(plan));
        let said = said.unwrap_or_else(|| match is_awaited {
            true => planner.context.course.lro_log.message(&Completeness::Complete, &Tally::default()),
            false => despatched.to_owned(),
        });
        let (Some(plan), Some(items)) = (plan, items) else { return Ok(Ok(message_output(&said))) };
        let rows = MemorySourceConfig::try_new_exec(&[rows], plan.schema(), None)?;
        let given_back = plan.call_spec().projection.schema().fields().len();
        let plan = project_rows(&planner.state, rows, given_back, &items).await?;
        Ok(Ok(StatementOutput { message: is_awaited.then_some(said), ..planner.stream(plan)? }))
    }

    /// Returns an error if a transaction is open; `what` is a change that the transaction would not record.
    pub(crate) async fn require_no_transaction(&self, what: &str) -> Result<(), Error> {
        match self.is_in_transaction().await {
            true => Err(Error::invalid(format!("{what} cannot stand in a transaction; COMMIT or ROLLBACK first"))),
            false => Ok(()),
        }
    }

    /// Runs the statements that are not done yet, in order, and returns their messages. Stops at the first failure.
    async fn run_remaining(&self, saga: &mut Saga, doubt: InDoubtPolicy) -> Result<Vec<String>, Failure> {
        let mut all = Vec::new();
        for statement in 0..saga.history.statements.len() {
            if saga.history.statements[statement].is_done() {
                continue;
            }
            let run = async {
                self.plan_steps(saga, statement).await?;
                let context = self.planner(None).await?.context;
                let StepResults { said, .. } = self.run_steps(&context, saga, statement, doubt).await?;
                let awaited = |call: &StepHistory| matches!(&call.step, SagaStep::Call(called) if called.wait_for != WaitFor::Response);
                Ok::<_, Failure>(said.unwrap_or_else(
                    || match saga.history.statements[statement].steps().any(awaited) {
                        true => context.course.lro_log.message(&Completeness::Complete, &Tally::default()),
                        false => DESPATCHED_MESSAGE.to_owned(),
                    },
                ))
            };
            match run.await {
                Ok(said) => all.push(said),
                Err(failure) => return Err(stopped(saga, failure)),
            }
        }
        let ended = saga.log_outcome(JournalEntry::Ended { how: TransactionEnd::Committed });
        ended.map_err(|error| stopped(saga, error.into())).map(|()| all)
    }

    /// Compensates all completed steps, the last one first. A step that cannot be undone does not stop the others.
    async fn compensate(&self, saga: &mut Saga, doubt: InDoubtPolicy) -> Result<StatementOutput, Failure> {
        let context = self.planner(None).await?.context;
        let mut left = BTreeMap::new();
        for at in saga.history.steps_reversed() {
            if let Err(why) = self.compensate_step(&context, saga, at, doubt).await? {
                left.entry(at.statement).or_insert(why);
            }
        }
        if left.is_empty() {
            saga.log_outcome(JournalEntry::Ended { how: TransactionEnd::RolledBack })?;
            return Ok(message_output("Rollback OK"));
        }
        if saga.history.is_being_undone() {
            saga.log_outcome(JournalEntry::Ended { how: TransactionEnd::RolledBackInPart })?;
        }
        let of = |(statement, why): (&usize, &Failure)| {
            required(&saga.history.statements[*statement], Some(why.message.as_str()))
        };
        let lines = std::iter::once(NOT_ROLLED_BACK.to_owned()).chain(left.iter().rev().map(of));
        let compat = left.values().rev().map(Failure::compat_message).chain([NOT_ROLLED_BACK]).collect::<Vec<_>>();
        let failure = Failure {
            compat: Some(compat.join("\n")),
            ..Failure::new(FailureKind::Api, lines.collect::<Vec<_>>().join("\n"))
        };
        let hint = |id| format!("stackql txn undo {id} tries again");
        Err(Failure { hints: saga.id().map(hint).into_iter().collect(), ..failure })
    }
}

impl StatementPlanner {
    /// The operation and the table's name, if the statement changes a local table.
    fn own_changed(&self, statement: &Statement) -> Result<Option<(&'static str, String)>, Error> {
        let (act, name) = match statement {
            Statement::Insert(insert) => ("insert", &insert.table),
            Statement::Update(update) => ("update", &update.table),
            Statement::Delete(delete) => ("delete", &delete.table),
            _ => return Ok(None),
        };
        if self.context.store.is_none() {
            return Ok(None);
        }
        Ok(local_table(&self.context, name)?.map(|own| (act, own.name.clone())))
    }

    /// Whether a statement changes a local table.
    pub(crate) fn is_of_own(&self, statement: &Statement) -> Result<bool, Error> {
        self.own_changed(statement).map(|own| own.is_some())
    }
}

/// The text of a statement. It is checked that the text parses to the same statement, because the journal stores it.
fn statement_to_sql(statement: &Statement) -> Result<String, Failure> {
    let text = statement.to_sql().filter(|text| parse(text).as_ref() == Ok(statement));
    let lost = || "the statement cannot be written down as it is meant, so it cannot stand in a transaction".to_owned();
    text.ok_or_else(|| Failure::new(FailureKind::Internal, lost()))
}

fn none_open() -> Error {
    Error::invalid("there is no transaction; BEGIN begins one")
}

/// The failure of a transaction that stopped, with the steps that were completed before and are left to undo.
fn stopped(saga: &Saga, failure: Failure) -> Failure {
    let doubtful = |r: &StatementHistory| r.steps().any(StepHistory::is_in_doubt);
    let unknown = "whether it was carried out is not known";
    let lines = saga.history.to_undo().map(|r| required(r, doubtful(r).then_some(unknown)));
    let briefly = saga.history.to_undo().map(|recorded| format!("{UNDO} {}", recorded.record));
    let compat = std::iter::once(failure.compat_message().to_owned()).chain(briefly).collect::<Vec<_>>().join("\n");
    let message = std::iter::once(failure.message).chain(lines).collect::<Vec<_>>().join("\n");
    let hint =
        |id| format!("stackql txn resume {id} goes on where it stopped, stackql txn undo {id} undoes what was done");
    let hints = failure.hints.into_iter().chain(saga.id().map(hint)).collect();
    Failure { message, hints, compat: Some(compat), ..failure }
}

/// The start of each line on a statement that has to be undone.
const UNDO: &str = "UNDO required: Undo";

/// The line on a statement that has to be undone, with the reason why it was not.
fn required(recorded: &StatementHistory, why: Option<&str>) -> String {
    let (standing, all) = (recorded.steps().filter(|call| call.needs_compensation()).count(), recorded.steps().count());
    let part = if standing < all { format!(", {standing} of its {all} calls") } else { String::new() };
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    format!("{UNDO} {}{part}{why}", recorded.record)
}

#[cfg(test)]
mod tests;
