//! What the entries of a transaction's journal amount to: how far each of its calls is.

use crate::journal::{
    Compensation, JournalEntry, JournalError, RollbackMode, SagaStep, StatementRecord, StepId, TransactionEnd,
};

/// What is known of a transaction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TransactionHistory {
    /// When its statements run.
    pub rollback: RollbackMode,
    /// Its statements, in their order.
    pub statements: Vec<StatementHistory>,
    /// How it ended; `None` while it runs, or where it was stopped.
    pub end: Option<TransactionEnd>,
}

/// A statement, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementHistory {
    /// The statement.
    pub record: StatementRecord,
    /// Its calls, once it is settled which they are.
    pub steps: Option<Vec<StepHistory>>,
}

/// A call, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct StepHistory {
    /// What it does.
    pub step: SagaStep,
    /// How far it is.
    pub state: StepState,
}

/// How far a call is.
#[derive(Debug, Clone, PartialEq)]
pub enum StepState {
    /// It was not carried out.
    Pending,
    /// It was sent, and whether it was carried out is not known.
    InDoubt,
    /// It was carried out.
    Done(Compensation),
    /// What undoes it was sent, and whether that was carried out is not known.
    Compensating(Compensation),
    /// It was carried out, and undone.
    Compensated,
}

impl TransactionHistory {
    /// What entries amount to.
    ///
    /// # Errors
    ///
    /// They are not those of one transaction.
    pub fn from_entries(entries: &[JournalEntry]) -> Result<Self, JournalError> {
        let mut history = Self::default();
        entries.iter().try_for_each(|entry| history.apply(entry))?;
        Ok(history)
    }

    /// Takes the next entry in.
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

    /// How many statements were carried out in whole.
    pub fn done(&self) -> usize {
        self.statements.iter().filter(|statement| statement.is_done()).count()
    }

    /// The statements of which it is not known whether they were carried out, or undone.
    pub fn in_doubt(&self) -> impl Iterator<Item = &StatementHistory> {
        self.statements.iter().filter(|statement| statement.local_changes().any(StepHistory::is_in_doubt))
    }

    /// The statements of which something was carried out, or may have been, and was not undone; the last one first.
    pub fn to_undo(&self) -> impl Iterator<Item = &StatementHistory> {
        self.statements.iter().rev().filter(|statement| statement.local_changes().any(StepHistory::needs_compensation))
    }

    /// Whether undoing it was begun.
    pub fn is_being_undone(&self) -> bool {
        let undoing = |call: &StepHistory| matches!(call.state, StepState::Compensating(_) | StepState::Compensated);
        self.statements.iter().flat_map(StatementHistory::local_changes).any(undoing)
    }

    /// The calls, the last one first.
    pub(crate) fn steps_reversed(&self) -> Vec<StepId> {
        let calls = |(statement, recorded): (usize, &StatementHistory)| {
            (0..recorded.local_changes().count()).map(move |call| StepId { statement, call }).collect::<Vec<_>>()
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
    /// Its calls, as far as it is settled which they are.
    pub(crate) fn local_changes(&self) -> impl Iterator<Item = &StepHistory> {
        self.steps.iter().flatten()
    }

    /// Whether all of it was carried out, and none undone.
    pub fn is_done(&self) -> bool {
        self.steps.is_some() && self.local_changes().all(|call| matches!(call.state, StepState::Done(_)))
    }
}

impl StepHistory {
    /// Whether it is not known if it, or what undoes it, was carried out.
    pub(crate) fn is_in_doubt(&self) -> bool {
        matches!(self.state, StepState::InDoubt | StepState::Compensating(_))
    }

    /// Whether something of it may be there.
    pub(crate) fn needs_compensation(&self) -> bool {
        match &self.state {
            StepState::InDoubt | StepState::Compensating(_) => true,
            StepState::Done(undo) => *undo != Compensation::None,
            StepState::Pending | StepState::Compensated => false,
        }
    }

    /// The state that what undoes it is in now.
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
