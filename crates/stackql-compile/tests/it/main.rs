//! Definitions as they come out of source documents.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test stops at what it cannot read"
)]

mod committed_facts;
mod description;
mod documents;
mod installed;
mod published;
