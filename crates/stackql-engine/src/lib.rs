//! The relational engine: statements become plans over provider tables, plans become calls.
//!
//! - [`Session`] runs statements; [`Answer`] is what a statement gives; [`Failure`] is why it gave nothing.
//! - [`Outcome`] is known once the rows of an answer are read: complete, partial or truncated.
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

pub use answer::{Answer, Outcome, Progress};
pub use failure::{Failure, FailureKind, Place};
pub use history::{History, Recorded, RecordedCall, State};
pub use journal::{At, Called, Deed, End, Entry, Journal, JournalError, Noted, Rollback, TransactionLog, Undo};
pub use namespace::{Namespace, NamespaceError};
pub use session::{Build, Doubt, Kept, Session, SessionOptions};
pub use settings::duration;
pub use store::{Rows, Store, StoreError, Stored, StoredKind};
pub use waits::Waits;
