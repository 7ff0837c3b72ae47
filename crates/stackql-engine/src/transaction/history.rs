//! The state of a transaction, folded from the entries of its journal: how far each step has got.

use crate::journal::{
    Compensation, JournalEntry, JournalError, RollbackMode, SagaStep, StatementRecord, StepId, TransactionEnd,
};

/// The state of a transaction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TransactionHistory {
    /// When its statements are executed.
    pub rollback: RollbackMode,
    /// Its statements in their order.
    pub statements: Vec<StatementHistory>,
    /// How it ended; `None` while it runs, or where it was interrupted.
    pub end: Option<TransactionEnd>,
}

/// A statement and the state of its steps.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementHistory {
    /// The statement as the journal records it.
    pub record: StatementRecord,
    /// Its steps; `None` until they are planned.
    pub steps: Option<Vec<StepHistory>>,
}

/// A step and its state.
#[derive(Debug, Clone, PartialEq)]
pub struct StepHistory {
    /// The call or local change.
    pub step: SagaStep,
    /// How far it has got.
    pub state: StepState,
}

/// How far a step has got.
#[derive(Debug, Clone, PartialEq)]
pub enum StepState {
    /// It was not carried out.
    Pending,
    /// In doubt: it was sent, and it is not known whether it was carried out.
    InDoubt,
    /// It was carried out, and this compensates it.
    Done(Compensation),
    /// Its compensation was sent, and it is not known whether that was carried out.
    Compensating(Compensation),
    /// It was carried out and then compensated (undone).
    Compensated,
}

impl TransactionHistory {
    /// Folds the entries of a journal into the state of the transaction.
    ///
    /// # Errors
    ///
    /// An entry names a statement or call that no entry before it has recorded.
    pub fn from_entries(entries: &[JournalEntry]) -> Result<Self, JournalError> {
        let mut history = Self::default();
        entries.iter().try_for_each(|entry| history.apply(entry))?;
        Ok(history)
    }

    /// Applies the next entry.
    pub(crate) fn apply(&mut self, entry: &JournalEntry) -> Result<(), JournalError> {
        match entry {
            JournalEntry::Began { rollback } => self.rollback = *rollback,
            JournalEntry::Statement(noted) => {
                self.statements.push(StatementHistory { record: noted.clone(), steps: None })
            }
            JournalEntry::Calls { statement, calls } => {
                let recorded = self.statements.get_mut(*statement).ok_or_else(astray)?;
                let open = |deed: &SagaStep| StepHistory { step: deed.clone(), state: StepState::Pending };
                recorded.steps = Some(calls.iter().map(open).collect());
            }
            JournalEntry::Sending(at) | JournalEntry::Unanswered { at, .. } => {
                self.call_mut(*at)?.state = StepState::InDoubt
            }
            JournalEntry::Answered { at, undo } => self.call_mut(*at)?.state = StepState::Done(undo.clone()),
            JournalEntry::Refused { at, .. } => self.call_mut(*at)?.state = StepState::Pending,
            JournalEntry::Undoing(at) => self.call_mut(*at)?.turn(StepState::Compensating),
            JournalEntry::NotUndone { at, .. } => self.call_mut(*at)?.turn(StepState::Done),
            JournalEntry::Undone(at) => self.call_mut(*at)?.state = StepState::Compensated,
            JournalEntry::Ended { how } => self.end = Some(*how),
        }
        Ok(())
    }

    /// The number of statements that were carried out in whole.
    pub fn done(&self) -> usize {
        self.statements.iter().filter(|statement| statement.is_done()).count()
    }

    /// The statements with a step in doubt: it is not known whether that step, or its compensation, was carried out.
    pub fn in_doubt(&self) -> impl Iterator<Item = &StatementHistory> {
        self.statements.iter().filter(|statement| statement.steps().any(StepHistory::is_in_doubt))
    }

    /// The statements that need compensation, the last one first: a step was carried out, or may have been, and was not
    /// undone.
    pub fn to_undo(&self) -> impl Iterator<Item = &StatementHistory> {
        self.statements.iter().rev().filter(|statement| statement.steps().any(StepHistory::needs_compensation))
    }

    /// Whether the compensation of any step has begun.
    pub fn is_being_undone(&self) -> bool {
        let undoing = |call: &StepHistory| matches!(call.state, StepState::Compensating(_) | StepState::Compensated);
        self.statements.iter().flat_map(StatementHistory::steps).any(undoing)
    }

    /// The positions of all steps, the last one first.
    pub(crate) fn steps_reversed(&self) -> Vec<StepId> {
        let calls = |(statement, recorded): (usize, &StatementHistory)| {
            (0..recorded.steps().count()).map(move |call| StepId { statement, call }).collect::<Vec<_>>()
        };
        self.statements.iter().enumerate().flat_map(calls).rev().collect()
    }

    pub(crate) fn call(&self, at: StepId) -> Result<&StepHistory, JournalError> {
        self.statements.get(at.statement).and_then(|s| s.steps.as_ref()?.get(at.call)).ok_or_else(astray)
    }

    fn call_mut(&mut self, at: StepId) -> Result<&mut StepHistory, JournalError> {
        self.statements.get_mut(at.statement).and_then(|s| s.steps.as_mut()?.get_mut(at.call)).ok_or_else(astray)
    }
}

impl StatementHistory {
    /// All its steps; none until they are planned.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &StepHistory> {
        self.steps.iter().flatten()
    }

    /// Whether all its steps were carried out and none was compensated.
    pub fn is_done(&self) -> bool {
        self.steps.is_some() && self.steps().all(|call| matches!(call.state, StepState::Done(_)))
    }
}

impl StepHistory {
    /// Whether it is not known if the step or its compensation was carried out.
    pub(crate) fn is_in_doubt(&self) -> bool {
        matches!(self.state, StepState::InDoubt | StepState::Compensating(_))
    }

    /// Whether the step may have left a change that is not compensated.
    pub(crate) fn needs_compensation(&self) -> bool {
        match &self.state {
            StepState::InDoubt | StepState::Compensating(_) => true,
            StepState::Done(undo) => *undo != Compensation::None,
            StepState::Pending | StepState::Compensated => false,
        }
    }

    /// Moves to the state that `state` makes of the compensation; in any other state than `Done` or `Compensating` a no-op.
    fn turn(&mut self, state: fn(Compensation) -> StepState) {
        if let StepState::Done(undo) | StepState::Compensating(undo) = &self.state {
            self.state = state(undo.clone());
        }
    }
}

fn astray() -> JournalError {
    JournalError("an entry is about a statement or call that none before it names".to_owned())
}

#[cfg(test)]
mod tests;
