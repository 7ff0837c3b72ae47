//! The relational engine (SQL query engine): plans statements over provider tables and executes the plans as API calls.
//!
//! - [`Session`] runs statements. [`StatementOutput`] is the result of one; [`Failure`] is the error.
//! - [`Completeness`] is known once the rows of an output have been read: complete, partial or truncated.
//!
//! Owns everything relational. It has no access to the network (that is [`stackql_call::Transport`]), to a terminal or to
//! environment variables.

pub(crate) mod access;
pub(crate) mod bind_join;
pub(crate) mod call;
pub(crate) mod catalog;
pub(crate) mod config;
pub(crate) mod dml;
mod error;
mod failure;
mod journal;
mod library_message;
pub(crate) mod optimizer;
mod output;
mod parameters;
pub(crate) mod physical;
pub(crate) mod predicate;
mod progress;
pub(crate) mod resolve;
mod session;
pub(crate) mod statement;
mod store;
pub(crate) mod table;
pub(crate) mod transaction;
pub(crate) mod views;

pub use crate::statement::transaction::RecoveredTransaction;
pub use crate::statement::transaction_steps::InDoubtPolicy;
pub use config::cache_namespace::{CacheNamespace, NamespaceError};
pub use config::settings::duration;
pub use failure::{FailedCall, Failure, FailureKind};
pub use journal::{
    Compensation, Journal, JournalEntry, JournalError, JournaledCall, RollbackMode, SagaStep, StatementRecord, StepId,
    TransactionEnd, TransactionLog,
};
pub use output::{Completeness, Progress, StatementOutput};
pub use progress::PendingWaits;
pub use session::{BuildInfo, Session, SessionOptions};
pub use store::{Rows, Store, StoreError, StoredKind, StoredObject};
pub use transaction::history::{StatementHistory, StepHistory, StepState, TransactionHistory};
