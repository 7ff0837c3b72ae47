//! The relational engine: statements become plans over provider tables, plans become calls.
//!
//! - [`Session`] runs statements; [`Answer`] is what a statement gives; [`Failure`] is why it gave nothing.
//! - [`Completeness`] is known once the rows of an answer are read: complete, partial or truncated.
//!
//! Owns everything relational. Knows no network (that is [`stackql_call::Transport`]), no terminal, no environment.

mod access;
mod answer;
mod answers;
mod append;
mod awaiting;
mod bindings;
mod built_in;
mod catalog;
mod clauses;
mod constants;
mod context;
mod demand;
mod error;
mod everywhere;
mod example;
mod executed;
mod explain;
mod failure;
mod feed;
mod fetch;
mod filter_batches;
mod history;
mod journal;
mod library_message;
mod literal;
mod log;
mod made;
mod namespace;
mod once;
mod output;
mod pages;
mod parameters;
mod plan;
mod predicate;
mod probe;
mod registry;
mod resolve;
mod returning;
mod row_order;
mod scope;
mod session;
mod settings;
mod shape;
mod show;
mod spilling;
mod store;
mod subqueries;
mod table;
mod tolerance;
mod undo;
mod views;
mod waits;
mod write;

pub use answer::{Completeness, Progress, StatementOutput};
pub use failure::{FailedCall, Failure, FailureKind};
pub use history::{StatementHistory, StepHistory, StepState, TransactionHistory};
pub use journal::{
    Compensation, Journal, JournalEntry, JournalError, JournaledCall, RollbackMode, SagaStep, StatementRecord, StepId,
    TransactionEnd, TransactionLog,
};
pub use namespace::{CacheNamespace, NamespaceError};
pub use session::{BuildInfo, InDoubtPolicy, RecoveredTransaction, Session, SessionOptions};
pub use settings::duration;
pub use store::{Rows, Store, StoreError, StoredKind, StoredObject};
pub use waits::PendingWaits;
