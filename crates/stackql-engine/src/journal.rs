//! The journal of transactions (a write-ahead log): the traits that a host implements, and the entries.
//!
//! The engine appends an intent entry before each call and an outcome entry after it. From the journal of a process that
//! crashed, [`crate::TransactionHistory`] derives which calls were carried out and which are in doubt.

use std::fmt;

use serde::{Deserialize, Serialize};
use stackql_call::Bindings;
use thiserror::Error;

use crate::call::lro::WaitFor;

/// The storage of transaction journals.
pub trait Journal: fmt::Debug + Send + Sync {
    /// Creates an empty journal for a new transaction.
    ///
    /// The journal is locked until it is dropped or this process ends: no other process can write to it meanwhile.
    ///
    /// # Errors
    ///
    /// The journal cannot be created.
    fn begin(&self) -> Result<Box<dyn TransactionLog>, JournalError>;
}

/// The journal of one transaction, open for appending.
pub trait TransactionLog: fmt::Debug + Send {
    /// The id of the transaction.
    fn id(&self) -> &str;

    /// Appends entries durably: once it returns, they survive a crash of this process.
    ///
    /// # Errors
    ///
    /// The entries cannot be written. They may be there in part, and a reader skips an entry that is incomplete.
    fn append(&mut self, entries: &[JournalEntry]) -> Result<(), JournalError>;
}

/// A journal cannot be read or written: its location, the reason, and what the user can do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// When the statements of a transaction are executed, and so what ROLLBACK does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollbackMode {
    /// The statements are executed at COMMIT; ROLLBACK discards them.
    #[default]
    Lazy,
    /// Each statement is executed at once; ROLLBACK sends the compensating calls.
    Eager,
}

/// An entry of a transaction's journal. Statements are numbered from 0, and so are the calls of each statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum JournalEntry {
    /// The transaction began; always the first entry.
    Began {
        /// When its statements are executed.
        rollback: RollbackMode,
    },
    /// The next statement of the transaction.
    Statement(StatementRecord),
    /// All calls that a statement makes; written before the first of them is sent.
    Calls {
        /// The number of the statement.
        statement: usize,
        /// The calls in their order.
        calls: Vec<SagaStep>,
    },
    /// Intent: a call is about to be sent.
    Sending(StepId),
    /// Outcome: a call was carried out.
    Answered {
        /// Which call.
        #[serde(flatten)]
        at: StepId,
        /// How the call can be compensated (undone).
        undo: Compensation,
    },
    /// Outcome: a call was not carried out.
    Refused {
        /// Which call.
        #[serde(flatten)]
        at: StepId,
        /// The reason.
        why: String,
    },
    /// Outcome: the call is in doubt, since it is not known whether it was carried out.
    Unanswered {
        /// Which call.
        #[serde(flatten)]
        at: StepId,
        /// The reason.
        why: String,
    },
    /// Intent: the compensation of a call is about to be sent.
    Undoing(StepId),
    /// Outcome: a call is compensated.
    Undone(StepId),
    /// Outcome: the compensation of a call was not carried out.
    NotUndone {
        /// Which call.
        #[serde(flatten)]
        at: StepId,
        /// The reason.
        why: String,
    },
    /// The transaction ended.
    Ended {
        /// How it ended.
        how: TransactionEnd,
    },
}

/// The position of a call in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepId {
    /// The number of the statement.
    pub statement: usize,
    /// The number of the call within the statement.
    pub call: usize,
}

/// A statement of a transaction as the journal records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRecord {
    /// The SQL text.
    pub text: String,
    /// The verb of the statement, such as `insert`.
    pub act: String,
    /// The table that it changes.
    pub table: String,
    /// The session settings that were SET at the time, by name.
    pub settings: Vec<(String, String)>,
}

impl fmt::Display for StatementRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} on {}", self.act, self.table)
    }
}

/// One step of a statement (a saga step).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SagaStep {
    /// A call of a method.
    Call(JournaledCall),
    /// A change of a local table.
    #[serde(rename = "own")]
    LocalChange,
}

/// A call as the journal records it: the method and the bindings from which it can be bound again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournaledCall {
    pub(crate) provider: String,
    pub(crate) service: String,
    pub(crate) resource: String,
    pub(crate) method: String,
    /// All bindings of the call, including its idempotency tokens.
    pub(crate) bindings: Bindings,
    #[serde(rename = "until")]
    pub(crate) wait_for: WaitFor,
}

/// How a call is compensated (undone).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compensation {
    /// Not necessary: the call changed nothing.
    #[serde(rename = "nothing")]
    None,
    /// Automatically, by this call.
    Call(JournaledCall),
    /// Only by the user, for the reason given.
    #[serde(rename = "by_hand")]
    Manual(String),
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionEnd {
    /// All statements were carried out.
    Committed,
    /// Everything that was carried out is compensated.
    RolledBack,
    /// Only a part of what was carried out is compensated.
    RolledBackInPart,
    /// The session ended without COMMIT or ROLLBACK; what was carried out remains.
    Abandoned,
}
