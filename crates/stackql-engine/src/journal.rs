//! The seam to where transactions are written down, and what is written: an entry before each call and one behind it,
//! so that whoever finds the journal of a process that died knows what was done.

use std::fmt;

use serde::{Deserialize, Serialize};
use stackql_call::Bindings;
use thiserror::Error;

use crate::call::lro::WaitFor;

/// Keeps the journals of transactions.
pub trait Journal: fmt::Debug + Send + Sync {
    /// A journal without entries for a transaction that begins. Until it is dropped, and no longer than this process
    /// lives, no other process can write to it.
    fn begin(&self) -> Result<Box<dyn TransactionLog>, JournalError>;
}

/// The journal of one transaction.
pub trait TransactionLog: fmt::Debug + Send {
    /// What the transaction is called.
    fn id(&self) -> &str;

    /// Adds entries. When it returns they are there for good, whatever becomes of this process; where it fails, they
    /// may be there in part, and a reader leaves out an entry that is not whole.
    fn append(&mut self, entries: &[JournalEntry]) -> Result<(), JournalError>;
}

/// A journal cannot be read or written: where it is, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// When the statements of a transaction run, and so what ROLLBACK is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollbackMode {
    /// At COMMIT; ROLLBACK forgets them.
    #[default]
    Lazy,
    /// At once; ROLLBACK calls what undoes them.
    Eager,
}

/// An entry of a transaction's journal. Statements count from 0, and so do the calls of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum JournalEntry {
    /// The transaction began; always the first entry.
    Began {
        /// When its statements run.
        rollback: RollbackMode,
    },
    /// The next statement.
    Statement(StatementRecord),
    /// The calls that a statement makes, before the first is sent.
    Calls {
        /// The statement.
        statement: usize,
        /// The calls.
        calls: Vec<SagaStep>,
    },
    /// A call is about to be sent.
    Sending(StepId),
    /// A call was carried out.
    Answered {
        /// Which.
        #[serde(flatten)]
        at: StepId,
        /// What undoes it.
        undo: Compensation,
    },
    /// A call was not carried out.
    Refused {
        /// Which.
        #[serde(flatten)]
        at: StepId,
        /// Why.
        why: String,
    },
    /// Whether a call was carried out is not known.
    Unanswered {
        /// Which.
        #[serde(flatten)]
        at: StepId,
        /// Why.
        why: String,
    },
    /// What undoes a call is about to be sent.
    Undoing(StepId),
    /// A call is undone.
    Undone(StepId),
    /// What undoes a call was not carried out.
    NotUndone {
        /// Which.
        #[serde(flatten)]
        at: StepId,
        /// Why.
        why: String,
    },
    /// The transaction is over.
    Ended {
        /// How.
        how: TransactionEnd,
    },
}

/// A call of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepId {
    /// The statement.
    pub statement: usize,
    /// The call.
    pub call: usize,
}

/// A statement of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRecord {
    /// Its text.
    pub text: String,
    /// What it does, such as `insert`.
    pub act: String,
    /// The table that it is about.
    pub table: String,
    /// What had been SET, by name.
    pub settings: Vec<(String, String)>,
}

impl fmt::Display for StatementRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} on {}", self.act, self.table)
    }
}

/// One thing that a statement does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SagaStep {
    /// Calls a method.
    Call(JournaledCall),
    /// Changes a table of the user's own.
    #[serde(rename = "own")]
    LocalChange,
}

/// A call, by what it is bound from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournaledCall {
    pub(crate) provider: String,
    pub(crate) service: String,
    pub(crate) resource: String,
    pub(crate) method: String,
    /// All that is bound, and the tokens by which the API tells that a call is the same one.
    pub(crate) bindings: Bindings,
    #[serde(rename = "until")]
    pub(crate) wait_for: WaitFor,
}

/// What undoes a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compensation {
    /// It changed nothing.
    #[serde(rename = "nothing")]
    None,
    /// This call.
    Call(JournaledCall),
    /// Only whoever reads this, because of the given.
    #[serde(rename = "by_hand")]
    Manual(String),
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionEnd {
    /// All was done.
    Committed,
    /// All that was done is undone.
    RolledBack,
    /// Some of what was done is undone.
    RolledBackInPart,
    /// The session ended, and what was done stays.
    Abandoned,
}
