//! Executes and compensates the steps of a transaction (a saga). Each step has an intent record in the journal before it is
//! taken and an outcome record after it. `transaction` decides which steps run, and when.

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::physical_plan::empty::EmptyExec;
use stackql_call::{Call, Fault, FaultKind, Response, ResponseError, TransportErrorKind, fault, request, status_line};
use stackql_provider::Verb;
use stackql_sql::{Statement, parse};

use crate::call::context::Context;
use crate::call::lro::{WaitFor, finish_call};
use crate::call::page_stream::send_request;
use crate::catalog::list::resource_table;
use crate::config::settings::SessionSettings;
use crate::dml::plan;
use crate::error::Error;
use crate::journal::{
    Compensation, Journal, JournalEntry, JournalError, JournaledCall, RollbackMode, SagaStep, StepId, TransactionLog,
};
use crate::physical::call_exec::CallExec;
use crate::session::{DRY_RUN_MESSAGE, Session};
use crate::transaction::compensation::{compensation, idempotency_token};
use crate::transaction::history::{StepHistory, StepState, TransactionHistory};
use crate::{Failure, FailureKind};

/// The policy for a step in doubt: its request was sent, no outcome is recorded, and its method is not retryable, so that the
/// API would not recognize a repeated request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InDoubtPolicy {
    /// Stop with an error, until the user decides.
    Stop,
    /// Send the request again.
    Retry,
    /// Assume that the request took effect.
    AssumeDone,
}

/// A transaction: its state in memory, and its journal.
#[derive(Debug)]
pub(crate) struct Saga {
    pub(crate) history: TransactionHistory,
    log: Option<Box<dyn TransactionLog>>,
    /// Records that are appended to the journal as soon as it is open.
    unwritten: Vec<JournalEntry>,
}

impl Saga {
    pub(crate) fn new(rollback: RollbackMode) -> Self {
        let unwritten = vec![JournalEntry::Began { rollback }];
        Self { history: TransactionHistory { rollback, ..TransactionHistory::default() }, log: None, unwritten }
    }

    /// Continues a transaction that another process began.
    pub(crate) fn from_recovered(history: TransactionHistory, log: Box<dyn TransactionLog>) -> Self {
        Self { history, log: Some(log), unwritten: Vec::new() }
    }

    /// The ID of the transaction, if it has a journal.
    pub(crate) fn id(&self) -> Option<&str> {
        self.log.as_ref().map(|log| log.id())
    }

    /// Opens a journal, if the session has one and none is open, and appends the pending records.
    pub(crate) fn open_journal(&mut self, journal: Option<&dyn Journal>) -> Result<(), JournalError> {
        let (None, Some(journal)) = (&self.log, journal) else { return Ok(()) };
        let mut log = journal.begin()?;
        log.append(&self.unwritten)?;
        self.unwritten.clear();
        self.log = Some(log);
        Ok(())
    }

    /// Appends an intent record to the journal before the action is taken (write-ahead), then applies it to the state in
    /// memory.
    pub(crate) fn log_intent(&mut self, entry: JournalEntry) -> Result<(), JournalError> {
        match &mut self.log {
            Some(log) => log.append(std::slice::from_ref(&entry))?,
            None => self.unwritten.push(entry.clone()),
        }
        self.history.apply(&entry)
    }

    /// Applies an outcome record to the state in memory, then appends it to the journal. The state is updated even if the
    /// journal cannot be written, because the outcome is a fact.
    pub(crate) fn log_outcome(&mut self, entry: JournalEntry) -> Result<(), JournalError> {
        self.history.apply(&entry)?;
        match &mut self.log {
            Some(log) => log.append(std::slice::from_ref(&entry)),
            None => Ok(()),
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::new(FailureKind::User, error.to_string())
    }
}

/// The results of the steps of a statement.
#[derive(Debug, Default)]
pub(crate) struct StepResults {
    /// The rows, one batch for each call.
    pub(crate) rows: Vec<RecordBatch>,
    /// The message of the statement, if it is not the usual message of calls.
    pub(crate) said: Option<String>,
}

impl Session {
    /// Plans the steps of a statement and logs them, unless they are planned already.
    pub(crate) async fn plan_steps(&self, saga: &mut Saga, statement: usize) -> Result<(), Failure> {
        let recorded = &saga.history.statements[statement];
        if recorded.steps.is_some() {
            return Ok(());
        }
        let mut settings = SessionSettings::default();
        for (name, value) in &recorded.record.settings {
            settings.set(self.definitions.as_ref(), name, value)?;
        }
        let parsed = read(&recorded.record.text)?;
        let planner = self.planner_with(crate::session::join_hint(&parsed), settings.bypassing_cache()).await?;
        let calls = match planner.is_of_own(&parsed)? {
            true => vec![SagaStep::LocalChange],
            false => {
                let (plan, verb, _) = planner.change(parsed).await?;
                self.require_callable(verb)?;
                plan.bind_calls(planner.task()).await?.into_iter().map(SagaStep::Call).collect()
            }
        };
        Ok(saga.log_intent(JournalEntry::Calls { statement, calls })?)
    }

    /// Runs the steps of a statement that are not done yet, one after the other. Stops at the first failure.
    pub(crate) async fn run_steps(
        &self,
        context: &Arc<Context>,
        saga: &mut Saga,
        statement: usize,
        doubt: InDoubtPolicy,
    ) -> Result<StepResults, Failure> {
        let mut carried = StepResults::default();
        let count = saga.history.statements[statement].steps().count();
        for at in (0..count).map(|call| StepId { statement, call }) {
            let StepHistory { step: deed, state } = saga.history.call(at)?.clone();
            match state {
                StepState::Pending => {}
                StepState::InDoubt if doubt == InDoubtPolicy::Retry => {}
                StepState::InDoubt if doubt == InDoubtPolicy::AssumeDone => {
                    let why = "it was taken for carried out without its answer".to_owned();
                    saga.log_outcome(JournalEntry::Answered { at, undo: Compensation::Manual(why) })?;
                    continue;
                }
                StepState::InDoubt => match &deed {
                    SagaStep::Call(called) if rebind_call(context, called)?.1.operation().method().is_retryable() => {}
                    _ => return Err(in_doubt(saga, statement)),
                },
                StepState::Done(_) | StepState::Compensating(_) | StepState::Compensated => continue,
            }
            let of_several = |failure: Failure| match count {
                1 => failure,
                _ => {
                    let message = format!("{}; it was call {} of {count}", failure.message, at.call + 1);
                    Failure { message, ..failure }
                }
            };
            match &deed {
                SagaStep::LocalChange => carried.said = self.change_own_in(saga, at).await?,
                SagaStep::Call(called) => {
                    match Box::pin(self.call(context, saga, at, called)).await.map_err(of_several)? {
                        Some(rows) => carried.rows.push(rows),
                        None => carried.said = Some(DRY_RUN_MESSAGE.to_owned()),
                    }
                }
            }
        }
        Ok(carried)
    }

    /// Executes one call. Returns `None` for a dry run that would have succeeded.
    async fn call(
        &self,
        context: &Arc<Context>,
        saga: &mut Saga,
        at: StepId,
        called: &JournaledCall,
    ) -> Result<Option<RecordBatch>, Failure> {
        let (plan, call) = rebind_call(context, called)?;
        let fetch = plan.call_spec();
        let sent = request(&call, None, None).map_err(Error::from)?;
        saga.log_intent(JournalEntry::Sending(at))?;
        let answer = match send_request(context, &sent).await {
            Ok(answer) => answer,
            Err(error) => {
                let why = error.to_string();
                saga.log_outcome(match was_not_sent(&error) {
                    true => JournalEntry::Refused { at, why },
                    false => JournalEntry::Unanswered { at, why },
                })?;
                return Err(error.into());
            }
        };
        if let Some(fault) = refusal(context, &call, &sent, &answer) {
            if fault.kind == FaultKind::DryRun {
                saga.log_outcome(JournalEntry::Answered { at, undo: Compensation::None })?;
                return Ok(None);
            }
            let why = fault.to_string();
            saga.log_outcome(match fault.status {
                // A gateway sends these codes without knowing whether the API executed the request.
                502 | 504 => JournalEntry::Unanswered { at, why },
                _ => JournalEntry::Refused { at, why },
            })?;
            let (what, status) = (call.operation().method().verb.keyword().to_lowercase(), fault.status);
            let failure = Failure::from(Error::from(ResponseError::Fault(Box::new(fault))));
            let compat = in_short(&what, status);
            return Err(Failure { message: over_http(&what, status, &failure.message), compat, ..failure });
        }
        saga.log_outcome(JournalEntry::Answered {
            at,
            undo: compensation(self.definitions.as_ref(), &call, &called.bindings, &answer),
        })?;
        match finish_call(context, &call, &fetch.projection, called.wait_for, (&sent, &answer)).await {
            Ok(rows) => Ok(Some(fetch.output_mapping.batch(&call, &rows)?)),
            Err(error) => {
                // The long-running operation that the call started has failed.
                if let Error::Response(ResponseError::Fault(_)) = &error {
                    saga.log_outcome(JournalEntry::Refused { at, why: error.to_string() })?;
                }
                Err(error.into())
            }
        }
    }

    /// Executes a step that changes a local table.
    async fn change_own_in(&self, saga: &mut Saga, at: StepId) -> Result<Option<String>, Failure> {
        let noted = &saga.history.statements[at.statement].record;
        let gone = Error::invalid(format!("could not locate table '{}'", noted.table));
        let parsed = read(&noted.text)?;
        saga.log_intent(JournalEntry::Sending(at))?;
        match Box::pin(self.change_own(parsed)).await {
            Ok(Ok(answer)) => {
                let why = "what a table of your own had before is not kept".to_owned();
                saga.log_outcome(JournalEntry::Answered { at, undo: Compensation::Manual(why) })?;
                Ok(answer.message)
            }
            Ok(Err(_)) => {
                saga.log_outcome(JournalEntry::Refused { at, why: gone.to_string() })?;
                Err(gone.into())
            }
            Err(failure) => {
                saga.log_outcome(JournalEntry::Refused { at, why: failure.message.clone() })?;
                Err(failure)
            }
        }
    }

    /// Compensates one step. The inner result is the reason why the step is not undone.
    pub(crate) async fn compensate_step(
        &self,
        context: &Arc<Context>,
        saga: &mut Saga,
        at: StepId,
        doubt: InDoubtPolicy,
    ) -> Result<Result<(), Failure>, Failure> {
        let left = |why: String| Ok(Err(Failure::new(FailureKind::Api, why)));
        let (undo, is_again) = match &saga.history.call(at)?.state {
            StepState::Pending | StepState::Compensated => return Ok(Ok(())),
            StepState::InDoubt => return left("it was sent, and whether it was carried out is not known".to_owned()),
            StepState::Done(undo) => (undo.clone(), false),
            StepState::Compensating(undo) => (undo.clone(), true),
        };
        let called = match undo {
            Compensation::None => return Ok(Ok(())),
            Compensation::Manual(why) => return left(why),
            Compensation::Call(called) => called,
        };
        let (plan, call) = match rebind_call(context, &called) {
            Ok(recalled) => recalled,
            Err(error) => return left(error.to_string()),
        };
        let method = call.operation().method();
        match doubt {
            _ if !is_again || method.is_retryable() => {}
            InDoubtPolicy::Retry => {}
            InDoubtPolicy::Stop => {
                return left("undoing it was sent, and whether that was carried out is not known".into());
            }
            InDoubtPolicy::AssumeDone => return Ok(Ok(saga.log_outcome(JournalEntry::Undone(at))?)),
        }
        let sent = request(&call, None, None).map_err(Error::from)?;
        saga.log_intent(JournalEntry::Undoing(at))?;
        let answer = match send_request(context, &sent).await {
            Ok(answer) => answer,
            Err(error) => {
                let why = error.to_string();
                if was_not_sent(&error) && !is_again {
                    saga.log_outcome(JournalEntry::NotUndone { at, why: why.clone() })?;
                }
                return left(why);
            }
        };
        match refusal(context, &call, &sent, &answer) {
            // The first attempt deleted the object already.
            Some(fault) if is_again && fault.kind == FaultKind::NotFound && method.verb == Verb::Delete => {}
            Some(fault) => {
                let why = fault.to_string();
                if !matches!(fault.status, 502 | 504) {
                    saga.log_outcome(JournalEntry::NotUndone { at, why: why.clone() })?;
                }
                let (compat, why) = (in_short(UNDO, fault.status), over_http(UNDO, fault.status, &why));
                return Ok(Err(Failure { compat, ..Failure::new(FailureKind::Api, why) }));
            }
            None => {
                let followed =
                    finish_call(context, &call, &plan.call_spec().projection, WaitFor::Completion, (&sent, &answer))
                        .await;
                if let Err(error) = followed {
                    let why = error.to_string();
                    if let Error::Response(ResponseError::Fault(_)) = &error {
                        saga.log_outcome(JournalEntry::NotUndone { at, why: why.clone() })?;
                    }
                    return left(why);
                }
            }
        }
        saga.log_outcome(JournalEntry::Undone(at))?;
        Ok(Ok(()))
    }
}

/// Binds a call of the journal again, and plans it to decode its response.
fn rebind_call(context: &Arc<Context>, called: &JournaledCall) -> Result<(Arc<CallExec>, Call), Error> {
    let table = resource_table(context, &called.provider, &called.service, &called.resource)?;
    let gone = || Error::invalid(format!("{} has no method '{}' any more", table.name(), called.method));
    let method = table.resource.method(&called.method).ok_or_else(gone)?;
    let none = Arc::new(EmptyExec::new(Arc::new(Schema::empty())));
    let plan = plan::call_node(context, &table, method, none, called.wait_for)?;
    let call = stackql_call::bind(Arc::clone(&plan.call_spec().operation), &called.bindings, &mut idempotency_token)?;
    Ok((plan, call))
}

/// The fault in a response, if it has one; the exchange is then recorded in the log.
fn refusal(context: &Context, call: &Call, sent: &stackql_call::Request, answer: &Response) -> Option<Fault> {
    let fault = fault(call.operation(), call.scope(), answer)?;
    context.log.record(sent, &answer.attempts, None);
    Some(fault)
}

/// Whether a request without a response certainly did not take effect.
fn was_not_sent(error: &Error) -> bool {
    use TransportErrorKind::{Configuration, Connect, Credentials, Elsewhere, Throttled, Tls};
    let Error::Transport { source, .. } = error else { return false };
    let is_unsent = matches!(source.kind, Configuration | Elsewhere | Connect | Credentials | Throttled | Tls);
    // An earlier attempt without a response may have taken effect.
    is_unsent && source.attempts.iter().rev().skip(1).all(|attempt| attempt.status.is_some())
}

fn in_doubt(saga: &Saga, statement: usize) -> Failure {
    let noted = &saga.history.statements[statement].record;
    let message = format!("{noted} was sent, and whether it was carried out is not known; nothing was sent again");
    let hint =
        "look whether it was; then --skip-doubtful takes it for carried out, and --repeat-doubtful sends it again";
    Failure { hints: vec![hint.to_owned()], ..Failure::new(FailureKind::User, message) }
}

fn read(text: &str) -> Result<Statement, Failure> {
    parse(text).map_err(|error| Failure::new(FailureKind::User, error.to_string()))
}

/// The operation in the message of a compensation that the API rejected.
const UNDO: &str = "undo";

/// The message of the Go program for a fault, if it came over HTTP (status is not 0).
fn in_short(what: &str, status: u16) -> Option<String> {
    (status != 0).then(|| format!("{what} over HTTP error: {}", status_line(status)))
}

/// The message of a fault, with the text that scripts search for if it came over HTTP.
fn over_http(what: &str, status: u16, message: &str) -> String {
    match status {
        0 => message.to_owned(),
        _ => format!("{what} over HTTP error: {}: {message}", status_line(status)),
    }
}
