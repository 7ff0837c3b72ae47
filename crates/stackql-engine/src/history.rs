//! What the entries of a transaction's journal amount to: how far each of its calls is.

use crate::journal::{At, Deed, End, Entry, JournalError, Noted, Rollback, Undo};

/// What is known of a transaction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// When its statements run.
    pub rollback: Rollback,
    /// Its statements, in their order.
    pub statements: Vec<Recorded>,
    /// How it ended; `None` while it runs, or where it was stopped.
    pub end: Option<End>,
}

/// A statement, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The statement.
    pub noted: Noted,
    /// Its calls, once it is settled which they are.
    pub calls: Option<Vec<RecordedCall>>,
}

/// A call, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedCall {
    /// What it does.
    pub deed: Deed,
    /// How far it is.
    pub state: State,
}

/// How far a call is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It was not carried out.
    Open,
    /// It was sent, and whether it was carried out is not known.
    Sent,
    /// It was carried out.
    Done(Undo),
    /// What undoes it was sent, and whether that was carried out is not known.
    Undoing(Undo),
    /// It was carried out, and undone.
    Undone,
}

impl History {
    /// What entries amount to.
    ///
    /// # Errors
    ///
    /// They are not those of one transaction.
    pub fn of(entries: &[Entry]) -> Result<Self, JournalError> {
        let mut history = Self::default();
        entries.iter().try_for_each(|entry| history.take(entry))?;
        Ok(history)
    }

    /// Takes the next entry in.
    pub(crate) fn take(&mut self, entry: &Entry) -> Result<(), JournalError> {
        match entry {
            Entry::Began { rollback } => self.rollback = *rollback,
            Entry::Statement(noted) => self.statements.push(Recorded { noted: noted.clone(), calls: None }),
            Entry::Calls { statement, calls } => {
                let recorded = self.statements.get_mut(*statement).ok_or_else(astray)?;
                let open = |deed: &Deed| RecordedCall { deed: deed.clone(), state: State::Open };
                recorded.calls = Some(calls.iter().map(open).collect());
            }
            Entry::Sending(at) | Entry::Unanswered { at, .. } => self.call_mut(*at)?.state = State::Sent,
            Entry::Answered { at, undo } => self.call_mut(*at)?.state = State::Done(undo.clone()),
            Entry::Refused { at, .. } => self.call_mut(*at)?.state = State::Open,
            Entry::Undoing(at) => self.call_mut(*at)?.turn(State::Undoing),
            Entry::NotUndone { at, .. } => self.call_mut(*at)?.turn(State::Done),
            Entry::Undone(at) => self.call_mut(*at)?.state = State::Undone,
            Entry::Ended { how } => self.end = Some(*how),
        }
        Ok(())
    }

    /// How many statements were carried out in whole.
    pub fn done(&self) -> usize {
        self.statements.iter().filter(|statement| statement.is_done()).count()
    }

    /// The statements of which it is not known whether they were carried out, or undone.
    pub fn doubtful(&self) -> impl Iterator<Item = &Recorded> {
        self.statements.iter().filter(|statement| statement.made().any(RecordedCall::is_doubtful))
    }

    /// The statements of which something was carried out, or may have been, and was not undone; the last one first.
    pub fn to_undo(&self) -> impl Iterator<Item = &Recorded> {
        self.statements.iter().rev().filter(|statement| statement.made().any(RecordedCall::is_standing))
    }

    /// Whether undoing it was begun.
    pub fn is_being_undone(&self) -> bool {
        let undoing = |call: &RecordedCall| matches!(call.state, State::Undoing(_) | State::Undone);
        self.statements.iter().flat_map(Recorded::made).any(undoing)
    }

    /// The calls, the last one first.
    pub(crate) fn backwards(&self) -> Vec<At> {
        let calls = |(statement, recorded): (usize, &Recorded)| {
            (0..recorded.made().count()).map(move |call| At { statement, call }).collect::<Vec<_>>()
        };
        self.statements.iter().enumerate().flat_map(calls).rev().collect()
    }

    pub(crate) fn call(&self, at: At) -> Result<&RecordedCall, JournalError> {
        self.statements.get(at.statement).and_then(|s| s.calls.as_ref()?.get(at.call)).ok_or_else(astray)
    }

    fn call_mut(&mut self, at: At) -> Result<&mut RecordedCall, JournalError> {
        self.statements.get_mut(at.statement).and_then(|s| s.calls.as_mut()?.get_mut(at.call)).ok_or_else(astray)
    }
}

impl Recorded {
    /// Its calls, as far as it is settled which they are.
    pub(crate) fn made(&self) -> impl Iterator<Item = &RecordedCall> {
        self.calls.iter().flatten()
    }

    /// Whether all of it was carried out, and none undone.
    pub fn is_done(&self) -> bool {
        self.calls.is_some() && self.made().all(|call| matches!(call.state, State::Done(_)))
    }
}

impl RecordedCall {
    /// Whether it is not known if it, or what undoes it, was carried out.
    pub(crate) fn is_doubtful(&self) -> bool {
        matches!(self.state, State::Sent | State::Undoing(_))
    }

    /// Whether something of it may be there.
    pub(crate) fn is_standing(&self) -> bool {
        match &self.state {
            State::Sent | State::Undoing(_) => true,
            State::Done(undo) => *undo != Undo::Nothing,
            State::Open | State::Undone => false,
        }
    }

    /// The state that what undoes it is in now.
    fn turn(&mut self, state: fn(Undo) -> State) {
        if let State::Done(undo) | State::Undoing(undo) = &self.state {
            self.state = state(undo.clone());
        }
    }
}

fn astray() -> JournalError {
    JournalError("an entry is about a statement or call that none before it names".to_owned())
}

#[cfg(test)]
mod tests;
